using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class CloseTests
{
    [Fact]
    public void H43_only_codes_that_may_be_received_are()
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            bool valid = code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
            Peer<ServerRole> peer = new();
            peer.Receive(Hex.Bytes($"88 82 00000000 {code:X4}"));
            Assert.Equal(valid ? $"close {code} " : "violation 1002", peer.Transcript);
        }
    }

    [Fact]
    public void H43_a_payload_of_one_byte_is_1002() => FrameTests.IsViolation("88 81 00000000 03", 1002, "half a code");

    [Fact]
    public void H43_no_code_is_1005_to_the_application()
    {
        Assert.Equal("close 1005 ", Read("88 80 00000000", out _));
    }

    [Theory]
    [InlineData("88 85 00000000 03E8 E282AC", "close 1000 €", "a reason in UTF-8")]
    [InlineData("88 83 00000000 03E8 FF", "violation 1007", "a byte that no text has")]
    [InlineData("88 84 00000000 03E8 E282", "violation 1007", "a character cut at the end")]
    public void H33_a_close_reason_is_text(string hex, string expected, string sentence)
    {
        Assert.Equal((sentence, expected), (sentence, Read(hex, out _)));
    }

    [Theory]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1004)]
    [InlineData(999)]
    [InlineData(2000)]
    [InlineData(5000)]
    public void H43_sending_a_code_that_is_never_sent_is_our_own_error(int code)
    {
        Peer<ServerRole> peer = new();
        Assert.Throws<InvariantException>(() => peer.Connection.WriteClose(peer.Output, (ushort)code, default));
    }

    [Fact]
    public void H43_a_reason_is_cut_to_123_bytes_on_a_character()
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
    public void H44_a_close_is_answered_by(string hex, string expected, string sentence)
    {
        Read(hex, out byte[] output);
        Assert.Equal((sentence, expected.Replace(" ", "", StringComparison.Ordinal)), (sentence, Convert.ToHexString(output)));
    }

    [Fact]
    public void H44_what_comes_after_a_close_is_ignored()
    {
        string log = Read("88 82 00000000 03E8 81 81 00000000 61 FF FF FF", out byte[] output);
        Assert.Equal("close 1000 ", log);
        Assert.Equal(4, output.Length);
    }

    [Fact]
    public void H44_after_our_close_messages_are_still_read_and_pings_not_answered()
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
    public void H44_a_violation_after_our_close_is_told_and_not_answered()
    {
        Peer<ServerRole> peer = new();
        peer.Connection.WriteClose(peer.Output, 0, default);
        Assert.Equal("8800", Convert.ToHexString(peer.TakeOutput()));
        peer.Receive(Hex.Bytes("83 80 00000000"));
        Assert.Equal("violation 1002", peer.Transcript);
        Assert.Empty(peer.TakeOutput());
    }

    [Fact]
    public void H32_ten_pings_in_one_read_get_ten_pongs()
    {
        Peer<ServerRole> peer = new();
        peer.Receive([.. Enumerable.Range(0, 10).SelectMany(i => Hex.Frame(Opcode.Ping, true, [(byte)i]))]);
        Assert.Equal(Enumerable.Range(0, 10).SelectMany(i => new byte[] { 0x8A, 1, (byte)i }), peer.TakeOutput());
    }

    private static string Read(string hex, out byte[] output)
    {
        Peer<ServerRole> peer = new();
        peer.Receive(Hex.Bytes(hex));
        output = peer.TakeOutput();
        return peer.Transcript;
    }
}
