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
        Assert.Equal((sentence, expected), (sentence, Hardening.Frames.AtServer(hex)));
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
}
