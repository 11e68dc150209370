using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Frames that a server receives. In the vectors the mask key is 0, so that payloads can be read.</summary>
public class FrameTests
{
    [Theory]
    [InlineData("81 85 00000000 48656C6C6F", "text Hello", "a text message in one frame")]
    [InlineData("81 85 37FA213D 7F9F4D5158", "text Hello", "the masked example of RFC 6455, 5.7")]
    [InlineData("82 83 00000000 010203", "binary 010203", "a binary message")]
    [InlineData("81 80 00000000", "text ", "an empty message")]
    [InlineData("01 83 00000000 48656C 80 82 00000000 6C6F", "text Hello", "two fragments")]
    [InlineData("01 80 00000000 00 80 00000000 80 80 00000000", "text ", "three empty fragments")]
    [InlineData("01 80 00000000 80 82 00000000 6869", "text hi", "an empty first fragment")]
    [InlineData("02 81 00000000 01 89 81 00000000 AA 80 81 00000000 02", "ping aa | binary 0102", "a ping between fragments")]
    [InlineData("8A 80 00000000", "pong ", "a pong that nobody asked for")]
    [InlineData("81 82 00000000 6869 82 81 00000000 01", "text hi | binary 01", "two messages at once")]
    [InlineData("81 81 00000000 61 01 81 00000000 62 80 81 00000000 63", "text a | text bc", "a short message, then fragments")]
    public void Messages_arrive(string hex, string expected, string sentence)
    {
        Assert.Equal((sentence, expected), (sentence, Read(hex)));
    }

    [Theory]
    [InlineData("C1 80 00000000", "RSV1 without permessage-deflate")]
    [InlineData("A1 80 00000000", "RSV2")]
    [InlineData("91 80 00000000", "RSV3")]
    [InlineData("F1 80 00000000", "all three")]
    [InlineData("C9 80 00000000", "RSV1 on a ping")]
    [InlineData("D8 80 00000000", "RSV1 and RSV3 on a close")]
    [InlineData("01 80 00000000 C0 80 00000000", "RSV1 on a continuation")]
    public void H21_a_reserved_bit_is_1002(string hex, string sentence) => IsViolation(hex, 1002, sentence);

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
    public void H22_a_reserved_opcode_is_1002(int opcode)
    {
        IsViolation($"{0x80 | opcode:X2} 80 00000000", 1002, "alone");
        IsViolation($"{opcode:X2} 80 00000000", 1002, "not final");
        IsViolation($"01 80 00000000 {0x80 | opcode:X2} 80 00000000", 1002, "within a message");
    }

    [Fact]
    public void H23_an_unmasked_frame_at_the_server_is_1002()
    {
        IsViolation("81 02 6869", 1002, "data");
        IsViolation("89 00", 1002, "control");
    }

    [Fact]
    public void H23_a_masked_frame_at_the_client_is_1002()
    {
        Peer<ClientRole> client = new(masks: new CountingKeys());
        client.Receive(Hex.Bytes("81 82 00000000 6869"));
        Assert.Equal("violation 1002", client.Transcript);
    }

    [Theory]
    [InlineData("09 80 00000000", "a ping that is not final")]
    [InlineData("08 80 00000000", "a close that is not final")]
    [InlineData("0A 80 00000000", "a pong that is not final")]
    [InlineData("89 FE 007E 00000000", "a ping of 126 bytes")]
    [InlineData("88 FE 0080 00000000", "a close of 128 bytes")]
    [InlineData("8A FF 0000000000010000 00000000", "a pong of 65,536 bytes")]
    [InlineData("89 FE 0005 00000000 0102030405", "a ping with an extended length it does not need")]
    public void H24_a_control_frame_is_whole_and_short(string hex, string sentence) => IsViolation(hex, 1002, sentence);

    [Fact]
    public void H24_a_control_frame_of_125_bytes_passes()
    {
        byte[] payload = new Dice(24).Bytes(125);
        Assert.Equal("ping " + Convert.ToHexString(payload).ToLowerInvariant(), Read(Hex.Frame(Opcode.Ping, true, payload)));
    }

    [Theory]
    [InlineData("01 81 00000000 61 82 81 00000000 01", "TEXT(fin=0), BINARY")]
    [InlineData("01 81 00000000 61 89 80 00000000 81 81 00000000 62", "TEXT(fin=0), PING, TEXT")]
    [InlineData("01 80 00000000 01 80 00000000", "TEXT(fin=0), TEXT(fin=0), both empty")]
    [InlineData("80 81 00000000 61", "a continuation with nothing to continue")]
    [InlineData("00 81 00000000 61", "the same, not final")]
    [InlineData("81 81 00000000 61 80 81 00000000 62", "a continuation after a whole message")]
    [InlineData("01 81 00000000 61 80 80 00000000 80 80 00000000", "a continuation after the last one")]
    public void H25_messages_do_not_interleave(string hex, string sentence) => IsViolation(hex, 1002, sentence);

    [Theory]
    [InlineData("82 FF 8000000000000000 00000000", "the top bit alone")]
    [InlineData("82 FF FFFFFFFFFFFFFFFF 00000000", "minus one")]
    [InlineData("02 81 00000000 01 80 FF FFFFFFFFFFFFFFFF 00000000", "a continuation whose sum would wrap around")]
    public void H26_a_64_bit_length_with_its_top_bit_set_is_1002(string hex, string sentence) => IsViolation(hex, 1002, sentence);

    [Fact]
    public void H26_the_longest_length_is_too_big_and_does_not_overflow()
    {
        IsViolation("82 FF 7FFFFFFFFFFFFFFF 00000000", 1009, "alone");
        IsViolation("02 81 00000000 01 80 FF 7FFFFFFFFFFFFFFF 00000000", 1009, "as a continuation");
        Peer<ServerRole> generous = new(new() { MessageBytesMax = long.MaxValue });
        generous.Receive(Hex.Bytes("02 81 00000000 01 80 FF 7FFFFFFFFFFFFFFF 00000000"));
        Assert.Equal("violation 1009", generous.Transcript);
    }

    [Theory]
    [InlineData("82 FE 007D 00000000", "125 in 16 bits")]
    [InlineData("82 FE 0000 00000000", "0 in 16 bits")]
    [InlineData("82 FF 000000000000FFFF 00000000", "65,535 in 64 bits")]
    [InlineData("82 FF 0000000000000001 00000000", "1 in 64 bits")]
    public void H27_a_length_that_could_be_shorter_is_1002(string hex, string sentence) => IsViolation(hex, 1002, sentence);

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    public void H27_each_length_passes_in_the_fewest_bytes(int length)
    {
        byte[] payload = new Dice((uint)length).Bytes(length);
        Assert.Equal("binary " + Convert.ToHexString(payload), Read(Hex.Frame(Opcode.Binary, true, payload)));
    }

    [Fact]
    public void An_event_of_a_whole_message_is_its_bytes_in_place()
    {
        byte[] input = Hex.Frame(Opcode.Binary, true, [1, 2, 3]);
        WebSocketConnection<ServerRole> connection = default;
        int events = 0;
        foreach (WebSocketEvent e in connection.Receive(input, new Peer<ServerRole>().Output, WebSocketLimits.Default))
        {
            events++;
            Assert.True(e.First && e.Last);
            Assert.True(e.Payload == input.AsSpan(6));
        }
        Assert.Equal(1, events);
        Assert.Equal([1, 2, 3], input[6..]);
    }

    [Fact]
    public void H31_an_enumeration_may_be_left_and_taken_up_again()
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

    [Fact]
    public void A_message_is_open_from_its_first_header_to_its_last_byte()
    {
        byte[] frame = [.. Hex.Frame(Opcode.Text, false, "ab"u8), .. Hex.Frame(Opcode.Continuation, true, "cd"u8)];
        bool[] open = new bool[frame.Length];
        Peer<ServerRole> peer = new();
        for (int i = 0; i < frame.Length; i++)
        {
            peer.Receive(frame.AsSpan(i, 1));
            open[i] = peer.Connection.InMessage;
        }
        Assert.Equal(Enumerable.Range(0, frame.Length).Select(i => i is >= 5 and < 15), open);
    }

    internal static void IsViolation(string hex, int code, string sentence)
    {
        byte[] input = Hex.Bytes(hex);
        for (int cut = 0; cut <= input.Length; cut++)
        {
            Peer<ServerRole> peer = new();
            peer.Receive(input.AsSpan(0, cut));
            peer.Receive(input.AsSpan(cut));
            peer.Receive(Hex.Bytes("81 81 00000000 61"));
            Assert.Equal((sentence, $"violation {code}"), (sentence, peer.Log[^1]));
            Assert.True(peer.Connection.CloseSent && peer.Connection.CloseReceived && !peer.Connection.InMessage);
            Assert.Equal(0, peer.Connection.Unread);
            byte[] output = peer.TakeOutput();
            int at = output.AsSpan().LastIndexOf(Hex.Bytes($"{code:X4}"));
            Assert.Equal((0x88, output.Length - at), (output[at - 2], output[at - 1]));
        }
    }

    private static string Read(string hex) => Read(Hex.Bytes(hex));

    private static string Read(byte[] input)
    {
        Peer<ServerRole> peer = new(new() { MessageBytesMax = 1024 * 1024 });
        peer.Receive(input);
        Assert.Equal(0, peer.Connection.Unread);
        return peer.Transcript;
    }
}
