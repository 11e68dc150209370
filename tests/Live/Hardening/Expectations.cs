using System.Text;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Hardening;

/// <summary>What peers must be told, however badly they behave.</summary>
internal static class Expectations
{
    /// <summary>Peers that each do one thing wrong and go on as if nothing were: each reads its close frame, then the end, which is
    /// no reset, and the server holds nothing for it.</summary>
    internal static async Task ExpectRefusalsAsync(this Server server, string headers, params (string Sentence, byte[] Sent, int Code)[] wrongs)
    {
        foreach ((string Sentence, byte[] Sent, int Code)[] together in wrongs.Chunk(16))
        {
            Peer[] peers = [.. together.Select(_ => server.Open(headers))];
            for (int i = 0; i < peers.Length; i++)
            {
                peers[i].Send([.. together[i].Sent, .. Wire.Noise]);
            }
            for (int i = 0; i < peers.Length; i++)
            {
                Assert.Equal((together[i].Sentence, together[i].Code), (together[i].Sentence, peers[i].ReadClose()));
                peers[i].ExpectEnd();
                peers[i].Dispose();
            }
            Assert.Equal(together.Select(static wrong => wrong.Code).Order(), peers.Select(_ => server.Witness.ExpectEnd()).Order());
        }
        server.Witness.ExpectNoFurtherEnd();
        await server.ExpectNothingLeftAsync();
    }

    internal static Task ExpectRefusalsAsync(this Server server, params (string Sentence, byte[] Sent, int Code)[] wrongs) =>
        server.ExpectRefusalsAsync(Wire.Good, wrongs);

    /// <summary>Peers whose request is refused while they go on sending: each reads the whole answer, then the end.</summary>
    internal static async Task ExpectAnswersAsync(this Server server, params (string Sentence, string Request, int Status)[] requests)
    {
        foreach ((string sentence, string request, int status) in requests)
        {
            server.ExpectAnswer(sentence, request, status);
        }
        await server.ExpectNothingLeftAsync();
    }

    internal static void ExpectAnswer(this Server server, string sentence, string request, int status)
    {
        using Peer peer = server.Connect();
        peer.Send([.. Wire.Bytes(request), .. status == 101 ? [] : Wire.Noise]);
        (int answered, string head, string body) = peer.ReadAnswer(hasBody: !request.StartsWith("HEAD ", StringComparison.Ordinal));
        Assert.Equal((sentence, status), (sentence, answered));
        if (status == 101)
        {
            peer.ExpectGoodbye();
            Assert.Equal(CloseCodes.Normal, server.Witness.ExpectEnd());
            return;
        }
        Assert.Matches("(?m)^Connection: .*close\r$", head);
        Assert.DoesNotContain("secret", head + body, StringComparison.OrdinalIgnoreCase);
        peer.ExpectEnd();
    }

    internal static (int Status, string Head, string Body) ReadAnswer(this Peer peer, bool hasBody = true)
    {
        string head = peer.ReadHead();
        int status = int.Parse(head.Split(' ')[1], null);
        string? length = head.Split("\r\n").FirstOrDefault(static line => line.StartsWith("Content-Length: ", StringComparison.Ordinal));
        Assert.True(status == 101 || length is not null, "an answer has a length");
        byte[] body = hasBody && length is not null ? peer.ReadExactly(int.Parse(length.Split(' ')[1], null)) : [];
        return (status, head, Encoding.UTF8.GetString(body));
    }

    /// <summary>Reads frames until the close frame.</summary>
    /// <returns>Its code; 0 if it has none.</returns>
    internal static int ReadClose(this Peer peer)
    {
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        while (opcode != Opcode.Close)
        {
            (opcode, payload) = peer.ReadFrame();
        }
        return payload.Length == 0 ? 0 : (payload[0] << 8) | payload[1];
    }

    /// <summary>Reads a frame with its first byte, which tells whether it is compressed.</summary>
    internal static (byte First, byte[] Payload) ReadRawFrame(this Peer peer)
    {
        byte[] start = peer.ReadExactly(2);
        int length = start[1] switch
        {
            126 => peer.ReadExactly(2) is [byte high, byte low] ? (high << 8) | low : 0,
            127 => (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(peer.ReadExactly(8)),
            _ => start[1],
        };
        return (start[0], peer.ReadExactly(length));
    }

    /// <summary>Whether the server still serves: a message comes back.</summary>
    internal static void ExpectEcho(this Peer peer, string text = "still here")
    {
        peer.SendFrame(Opcode.Text, Encoding.UTF8.GetBytes(text));
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Text, text), (opcode, Encoding.UTF8.GetString(payload)));
    }

    /// <summary>Closes as one should.</summary>
    internal static void ExpectGoodbye(this Peer peer)
    {
        peer.SendFrame(Opcode.Close, [0x03, 0xE8]);
        Assert.Equal(CloseCodes.Normal, peer.ReadClose());
        peer.ExpectEnd();
        peer.Dispose();
    }
}
