using System.Text;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 43 and 44: the closing handshake.</summary>
public class CloseTests
{
    [Fact]
    public void Hardening43_Only_codes_that_may_be_received_are()
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            bool valid = code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
            Assert.Equal(valid ? $"close {code} " : "violation 1002", Frames.AtServer($"88 82 00000000 {code:X4}"));
        }
    }

    [Fact]
    public void Hardening43_A_payload_of_one_byte_is_1002() => Frames.AreViolation("88 81 00000000 03", 1002, "half a code");

    [Fact]
    public void Hardening43_No_code_is_1005_to_the_application()
    {
        Assert.Equal("close 1005 ", Frames.AtServer("88 80 00000000"));
    }

    [Theory]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1004)]
    [InlineData(999)]
    [InlineData(2000)]
    [InlineData(5000)]
    public void Hardening43_Sending_a_code_that_is_never_sent_is_our_own_error(int code)
    {
        Peer<ServerRole> peer = new();
        Assert.Throws<InvariantException>(() => peer.Connection.WriteClose(peer.Output, (ushort)code, default));
    }

    [Fact]
    public void Hardening43_A_reason_is_cut_to_123_bytes_on_a_character()
    {
        for (int ascii = 0; ascii < 8; ascii++)
        {
            string reason = new string('a', ascii) + string.Concat(Enumerable.Repeat("😀é€", 30));
            Peer<ServerRole> server = new();
            server.Connection.WriteClose(server.Output, 1000, Encoding.UTF8.GetBytes(reason));
            Peer<ClientRole> client = new(masks: new CountingKeys());
            byte[] frame = server.TakeOutput();
            client.Receive(frame);
            Assert.InRange(frame.Length, 2 + 2 + 120, 2 + 125);
            string received = client.Log.Single()["close 1000 ".Length..];
            Assert.StartsWith(received, reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("88 82 00000000 0FA0", "88 02 0FA0", "the code received")]
    [InlineData("88 85 00000000 03E9 627965", "88 02 03E9", "without its reason")]
    [InlineData("88 80 00000000", "88 00", "nothing for nothing")]
    [InlineData("88 82 00000000 03ED", "88 14 03EA 696E76616C696420636C6F736520636F6465", "1002 for an invalid one")]
    public void Hardening44_A_close_is_answered_by(string hex, string expected, string sentence)
    {
        string replies = Frames.AtServer(Hex.Bytes(hex), null, default).Replies;
        Assert.Equal((sentence, expected.Replace(" ", "", StringComparison.Ordinal)), (sentence, replies));
    }

    [Fact]
    public void Hardening44_What_comes_after_a_close_is_ignored()
    {
        byte[] input = Hex.Bytes("88 82 00000000 03E8 81 81 00000000 61 89 80 00000000 FF FF FF");
        Assert.Equal(("close 1000 ", "880203E8"), Frames.AtServer(input, null, default));
    }

    [Fact]
    public void Hardening44_After_our_close_messages_are_still_read_and_pings_not_answered()
    {
        Peer<ServerRole> peer = new();
        Assert.True(peer.Connection.WriteClose(peer.Output, 1001, "bye"u8));
        Assert.Equal("880503E9627965", Convert.ToHexString(peer.TakeOutput()));
        peer.Receive(Hex.Bytes("81 81 00000000 61 89 80 00000000 88 82 00000000 03E9"));
        Assert.Equal("text a | ping  | close 1001 ", peer.Transcript);
        Assert.Empty(peer.TakeOutput());
        Assert.False(peer.Connection.WriteClose(peer.Output, 1000, default));
        Assert.Empty(peer.TakeOutput());
    }

    [Fact]
    public void Hardening44_A_violation_after_our_close_is_told_and_not_answered()
    {
        Peer<ServerRole> peer = new();
        peer.Connection.WriteClose(peer.Output, 0, default);
        Assert.Equal("8800", Convert.ToHexString(peer.TakeOutput()));
        peer.Receive(Hex.Bytes("83 80 00000000"));
        Assert.Equal("violation 1002", peer.Transcript);
        Assert.Empty(peer.TakeOutput());
    }
}
