using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 21 to 27 and 31: what is no frame, and no message.</summary>
public class FrameTests
{
    private static readonly WebSocketLimits s_generous = new() { MessageBytesMax = long.MaxValue };

    [Theory]
    [InlineData("C1 80 00000000", "RSV1 without permessage-deflate")]
    [InlineData("A1 80 00000000", "RSV2")]
    [InlineData("91 80 00000000", "RSV3")]
    [InlineData("F1 80 00000000", "all three")]
    [InlineData("C9 80 00000000", "RSV1 on a ping")]
    [InlineData("D8 80 00000000", "RSV1 and RSV3 on a close")]
    [InlineData("01 80 00000000 C0 80 00000000", "RSV1 on a continuation")]
    public void Hardening21_A_reserved_bit_is_1002(string hex, string sentence) => Frames.AreViolation(hex, 1002, sentence);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void Hardening22_A_reserved_opcode_is_1002(int opcode)
    {
        Frames.AreViolation($"{0x80 | opcode:X2} 80 00000000", 1002, "alone");
        Frames.AreViolation($"{opcode:X2} 80 00000000", 1002, "not final");
        Frames.AreViolation($"01 80 00000000 {0x80 | opcode:X2} 80 00000000", 1002, "within a message");
    }

    [Fact]
    public void Hardening23_An_unmasked_frame_at_the_server_is_1002()
    {
        Frames.AreViolation("81 02 6869", 1002, "data");
        Frames.AreViolation("89 00", 1002, "control");
    }

    [Fact]
    public void Hardening23_A_masked_frame_at_the_client_is_1002()
    {
        (string events, string replies) = Frames.AtClient(Hex.Bytes("81 82 00000000 6869"));
        Assert.Equal("violation 1002", events);
        Assert.StartsWith("888E" + "04030201" + "07E9", replies, StringComparison.Ordinal);
        Assert.Equal("violation 1002", Frames.AtClient(Hex.Bytes("8A 80 00000000")).Events);
    }

    [Theory]
    [InlineData("09 80 00000000", "a ping that is not final")]
    [InlineData("08 80 00000000", "a close that is not final")]
    [InlineData("0A 80 00000000", "a pong that is not final")]
    [InlineData("89 FE 007E 00000000", "a ping of 126 bytes")]
    [InlineData("88 FE 0080 00000000", "a close of 128 bytes")]
    [InlineData("8A FF 0000000000010000 00000000", "a pong of 65,536 bytes")]
    [InlineData("89 FE 0005 00000000 0102030405", "a ping with an extended length it does not need")]
    public void Hardening24_A_control_frame_is_whole_and_short(string hex, string sentence) => Frames.AreViolation(hex, 1002, sentence);

    [Fact]
    public void Hardening24_A_control_frame_of_125_bytes_passes()
    {
        byte[] payload = new Dice(24).Bytes(125);
        Assert.Equal("ping " + Convert.ToHexString(payload).ToLowerInvariant(), Frames.AtServer(Hex.Frame(Opcode.Ping, true, payload)));
    }

    [Theory]
    [InlineData("01 81 00000000 61 82 81 00000000 01", "TEXT(fin=0), BINARY")]
    [InlineData("01 81 00000000 61 89 80 00000000 81 81 00000000 62", "TEXT(fin=0), PING, TEXT")]
    [InlineData("01 80 00000000 01 80 00000000", "TEXT(fin=0), TEXT(fin=0), both empty")]
    [InlineData("80 81 00000000 61", "a continuation with nothing to continue")]
    [InlineData("00 81 00000000 61", "the same, not final")]
    [InlineData("81 81 00000000 61 80 81 00000000 62", "a continuation after a whole message")]
    [InlineData("01 81 00000000 61 80 80 00000000 80 80 00000000", "a continuation after the last one")]
    public void Hardening25_Messages_do_not_interleave(string hex, string sentence) => Frames.AreViolation(hex, 1002, sentence);

    [Theory]
    [InlineData("82 FF 8000000000000000 00000000", "the top bit alone")]
    [InlineData("82 FF FFFFFFFFFFFFFFFF 00000000", "minus one")]
    [InlineData("02 81 00000000 01 80 FF FFFFFFFFFFFFFFFF 00000000", "a continuation whose sum would wrap around")]
    public void Hardening26_A_64_bit_length_with_its_top_bit_set_is_1002(string hex, string sentence) => Frames.AreViolation(hex, 1002, sentence);

    [Fact]
    public void Hardening26_The_longest_length_is_too_big_and_does_not_overflow()
    {
        Frames.AreViolation("82 FF 7FFFFFFFFFFFFFFF 00000000", 1009, "alone");
        Frames.AreViolation("02 81 00000000 01 80 FF 7FFFFFFFFFFFFFFF 00000000", 1009, "as a continuation");
        Frames.AreViolation("02 81 00000000 01 80 FF 7FFFFFFFFFFFFFFF 00000000", 1009, "where all that can be declared is allowed", s_generous);
    }

    [Theory]
    [InlineData("82 FE 007D 00000000", "125 in 16 bits")]
    [InlineData("82 FE 0000 00000000", "0 in 16 bits")]
    [InlineData("82 FF 000000000000FFFF 00000000", "65,535 in 64 bits")]
    [InlineData("82 FF 0000000000000001 00000000", "1 in 64 bits")]
    public void Hardening27_A_length_that_could_be_shorter_is_1002(string hex, string sentence) => Frames.AreViolation(hex, 1002, sentence);

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    public void Hardening27_Each_length_passes_in_the_fewest_bytes(int length)
    {
        byte[] payload = new Dice((uint)length).Bytes(length);
        Assert.Equal("binary " + Convert.ToHexString(payload), Frames.AtServer(Hex.Frame(Opcode.Binary, true, payload), s_generous));
    }

    [Fact]
    public void Hardening31_An_enumeration_may_be_left_and_taken_up_again()
    {
        byte[] input = [.. Hex.Frame(Opcode.Binary, true, [1]), .. Hex.Frame(Opcode.Binary, true, [2]), .. Hex.Frame(Opcode.Ping, true, [])];
        WebSocketConnection<ServerRole> connection = default;
        foreach (WebSocketEvent e in connection.Receive(input, new Peer<ServerRole>().Output, WebSocketLimits.Default))
        {
            Assert.Equal(1, e.Payload[0]);
            break;
        }
        Assert.Equal(7 + 6, connection.Unread);
        List<WebSocketEventKind> kinds = [];
        foreach (WebSocketEvent e in connection.Receive(input.AsSpan(7), new Peer<ServerRole>().Output, WebSocketLimits.Default))
        {
            kinds.Add(e.Kind);
        }
        Assert.Equal([WebSocketEventKind.Data, WebSocketEventKind.Ping], kinds);
        Assert.Equal(0, connection.Unread);
    }
}
