using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>What an end makes of frames, at every cut. In most vectors the mask key is 0, so that payloads can be read.</summary>
internal static class Frames
{
    private static readonly byte[] s_more = Hex.Bytes("81 81 00000000 61");

    /// <summary>The events at a server, one by one.</summary>
    public static string AtServer(byte[] input, WebSocketLimits? limits = null) => AtServer(input, limits, default).Events;

    /// <inheritdoc cref="AtServer(byte[], WebSocketLimits?)"/>
    public static string AtServer(string hex, WebSocketLimits? limits = null) => AtServer(Hex.Bytes(hex), limits);

    /// <summary>The events at a server, and what it replied, in hexadecimal.</summary>
    public static (string Events, string Replies) AtServer(byte[] input, WebSocketLimits? limits, DeflateAgreement deflate) =>
        Feed(input, () => new Peer<ServerRole>(limits, deflate: deflate));

    /// <summary>Likewise at a client, whose first mask key is 04030201.</summary>
    public static (string Events, string Replies) AtClient(byte[] input, WebSocketLimits? limits = null, DeflateAgreement deflate = default) =>
        Feed(input, () => new Peer<ClientRole>(limits, new CountingKeys(), deflate));

    /// <summary>The last event is this violation, a close frame with its code is the last reply, and nothing is read after it.</summary>
    public static void AreViolation(string hex, int code, string sentence, WebSocketLimits? limits = null, DeflateAgreement deflate = default)
    {
        (string events, string replies) = AtServer([.. Hex.Bytes(hex), .. s_more], limits, deflate);
        Assert.Equal((sentence, $"violation {code}"), (sentence, events.Split(" | ")[^1]));
        int at = replies.LastIndexOf($"{code:X4}", StringComparison.Ordinal);
        Assert.Equal((sentence, $"88{(replies.Length - at) / 2:X2}"), (sentence, replies[(at - 4)..at]));
    }

    private static (string Events, string Replies) Feed<TRole>(byte[] input, Func<Peer<TRole>> connect) where TRole : struct, IRole
    {
        (string Events, string Replies) said = EveryCut.Feed(input, pieces => Say(connect(), peer => pieces.ToList().ForEach(piece => peer.Receive(piece))));
        Assert.Equal(("one by one", said), ("one by one", Say(connect(), peer => peer.ReceiveOneByOne(input))));
        return said;
    }

    private static (string Events, string Replies) Say<TRole>(Peer<TRole> peer, Action<Peer<TRole>> feed) where TRole : struct, IRole
    {
        feed(peer);
        if (peer.Log.Count > 0 && peer.Log[^1].StartsWith("violation", StringComparison.Ordinal))
        {
            Assert.True(peer.Connection.CloseSent && peer.Connection.CloseReceived && !peer.Connection.InMessage && peer.Connection.Unread == 0);
        }
        return (peer.Transcript, Convert.ToHexString(peer.TakeOutput()));
    }
}
