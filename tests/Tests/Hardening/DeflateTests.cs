using System.IO.Compression;
using System.Text;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 21, 28, 33 and 36 to 40 where permessage-deflate is agreed: what a compressed message must not be, and what
/// it may be. (What the format itself allows is tested at the inflater.)</summary>
public class DeflateTests
{
    private const string Hello = "F248CDC9C90700"; // RFC 7692, 7.2.3.1
    private const string HelloAgain = "F200110000"; // 7.2.3.2: looks back at the first

    private static readonly DeflateAgreement s_fresh = new(15, 15, sendFresh: false, receiveFresh: true);
    private static readonly DeflateAgreement s_chained = new(15, 15, sendFresh: false, receiveFresh: false);
    private static readonly WebSocketLimits s_limits = new() { MessageBytesMax = 1000 };

    [Theory]
    [InlineData("01 80 00000000 C0 80 00000000", "RSV1 on a continuation of a plain message")]
    [InlineData("41 80 00000000 C0 80 00000000", "RSV1 on a continuation of a compressed one")]
    [InlineData("C8 80 00000000", "RSV1 on a close")]
    [InlineData("C9 80 00000000", "RSV1 on a ping")]
    [InlineData("CA 80 00000000", "RSV1 on a pong")]
    [InlineData("E1 80 00000000", "RSV2 beside RSV1")]
    [InlineData("A1 80 00000000", "RSV2 alone")]
    [InlineData("D2 80 00000000", "RSV3 beside RSV1")]
    [InlineData("C3 80 00000000", "RSV1 on a reserved opcode")]
    public void Hardening21_RSV1_marks_the_first_frame_of_a_message_and_nothing_else(string hex, string sentence) =>
        Frames.AreViolation(hex, 1002, sentence, deflate: s_fresh);

    [Fact]
    public void Hardening28_The_inflated_bytes_above_the_limit_are_1009()
    {
        Assert.Equal("binary " + new string('0', 2000), AtServer(Message(Zlib.Deflate(new byte[1000])), s_limits));
        Assert.Equal("violation 1009", AtServer(Message(Zlib.Deflate(new byte[1001])), s_limits));
    }

    [Fact]
    public void Hardening28_A_message_within_the_limit_may_become_longer_by_compressing_it()
    {
        byte[] message = new Dice(28).Bytes(1000);
        byte[] compressed = Zlib.Deflate(message);
        Assert.True(compressed.Length > 1000);
        Assert.Equal("binary " + Convert.ToHexString(message), AtServer(Message(compressed), s_limits));
    }

    [Fact]
    public void Hardening28_The_sum_of_the_inflated_fragments_counts()
    {
        byte[] compressed = Zlib.Deflate(new Dice(28).Bytes(1001));
        for (int cut = 0; cut <= compressed.Length; cut += 13)
        {
            Assert.Equal("violation 1009", AtServer(Fragments(compressed, cut), new() { MessageBytesMax = 1000, FragmentsMax = 2 }));
        }
    }

    [Fact]
    public void Hardening28_Each_compressed_message_has_the_whole_limit()
    {
        byte[] message = Message(Zlib.Deflate(new byte[1000]));
        string one = "binary " + new string('0', 2000);
        Assert.Equal($"{one} | {one} | {one}", AtServer([.. message, .. message, .. message], s_limits));
    }

    [Theory]
    [InlineData("61FF", "a byte that no text has")]
    [InlineData("61E282", "a character cut at the end")]
    public void Hardening33_A_compressed_text_is_text(string hex, string sentence)
    {
        byte[] message = Message(Zlib.Deflate(Convert.FromHexString(hex)), Opcode.Text);
        Frames.AreViolation(Convert.ToHexString(message), 1007, sentence, deflate: s_fresh);
    }

    [Fact]
    public void Hardening33_A_character_cut_by_compressed_fragments_passes()
    {
        byte[] compressed = Zlib.Stored("a€b"u8);
        for (int cut = 0; cut <= compressed.Length; cut++)
        {
            Assert.Equal("text a€b", AtServer(Fragments(compressed, cut, Opcode.Text)));
        }
    }

    [Fact]
    public void Hardening36_A_bomb_of_200_MB_stops_at_the_limit()
    {
        byte[] bomb = Message(Bomb(megabytes: 200));
        Assert.InRange(bomb.Length, 150_000, 250_000);
        WebSocketLimits limits = new() { MessageBytesMax = 1 << 20 };
        WebSocketConnection<ServerRole> connection = new() { Deflate = s_fresh };
        Inflater inflater = new();
        Peer<ServerRole> replies = new();
        int delivered = 0;
        List<ushort> codes = [];
        foreach (WebSocketEvent e in connection.Receive(bomb, replies.Output, limits, inflater: inflater))
        {
            delivered += e.Kind == WebSocketEventKind.Data ? e.Payload.Length : 0;
            codes.AddRange(e.Kind == WebSocketEventKind.Violation ? [e.CloseCode] : []);
        }
        Assert.Equal([1009], codes);
        Assert.InRange(delivered, 0, limits.MessageBytesMax);
        Assert.InRange(inflater.MessageBytes, limits.MessageBytesMax + 1, limits.MessageBytesMax + Inflater.StepBytesMax);
        Assert.False(connection.InflaterInUse);
    }

    [Fact]
    public void Hardening36_A_bomb_in_many_small_frames_stops_at_the_limit()
    {
        byte[] compressed = Bomb(megabytes: 2);
        List<byte> frames = [.. Hex.Frame(Opcode.Binary, false, [], compressed: true)];
        foreach (byte[] chunk in compressed.Chunk(7))
        {
            frames.AddRange(Hex.Frame(Opcode.Continuation, false, chunk));
        }
        Peer<ServerRole> peer = new(new() { MessageBytesMax = 1 << 20 }, deflate: s_fresh);
        peer.Receive(frames.ToArray());
        Assert.Equal("violation 1009", peer.Transcript);
    }

    [Theory]
    [InlineData("C2 82 00000000 03 80", "the bytes of CVE-2026-62901", "binary ")]
    [InlineData("C2 81 00000000 06", "the block type that means nothing", "violation 1007")]
    [InlineData("C2 84 00000000 FFFFFFFF", "ones", "violation 1007")]
    [InlineData("C2 81 00000000 03", "a last block that does not end", "violation 1007")]
    [InlineData("C2 83 00000000 03 00 FF", "a stream's end with input left", "violation 1007")]
    public void Hardening37_The_inflater_makes_progress(string hex, string sentence, string expected) =>
        Assert.Equal((sentence, expected), (sentence, AtServer(Hex.Bytes(hex))));

    [Theory]
    [InlineData("F348CDC9C9070000", "of RFC 7692, 7.2.3.4")]
    [InlineData("F348CDC9C90700", "with nothing behind it")]
    public void Hardening38_A_message_of_a_last_block_is_legal_and_the_window_goes_on(string hex, string sentence)
    {
        byte[] stream = [.. ServerMessage(hex), .. ServerMessage(HelloAgain), .. ServerMessage(HelloAgain)];
        Assert.Equal((sentence, "text Hello | text Hello | text Hello"), (sentence, Frames.AtClient(stream, deflate: s_chained).Events));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60)]
    public void Hardening39_A_truncated_stream_is_1007(int numbers)
    {
        // A fixed block, and one with its own code.
        byte[] compressed = Zlib.Deflate(Encoding.ASCII.GetBytes("Hello, " + string.Join(", ", Enumerable.Range(0, numbers).Select(static i => i * i))));
        for (int length = 1; length < compressed.Length; length++)
        {
            Frames.AreViolation(Convert.ToHexString(Message(compressed[..length])), 1007, $"{length} bytes", deflate: s_fresh);
        }
    }

    [Theory]
    [InlineData("C1 81 00000000 00", "text ", "an empty message as it is sent")]
    [InlineData("C1 80 00000000", "text ", "zero bytes")]
    [InlineData("41 80 00000000 80 80 00000000", "text ", "zero bytes in two frames")]
    [InlineData("41 80 00000000 80 81 00000000 00", "text ", "the same with its byte at the end")]
    [InlineData("41 81 00000000 00 80 80 00000000", "text ", "the same with its byte at the beginning")]
    public void Hardening40_An_empty_compressed_message_is_legal(string hex, string expected, string sentence)
    {
        byte[] stream = [.. Hex.Bytes(hex), .. Message(Convert.FromHexString(Hello), Opcode.Text)];
        Assert.Equal((sentence, expected + " | text Hello"), (sentence, AtServer(stream)));
    }

    [Fact]
    public void Hardening40_A_fragment_may_end_in_the_middle_of_a_symbol_with_a_ping_behind_it()
    {
        byte[] compressed = Convert.FromHexString(Hello);
        for (int cut = 0; cut <= compressed.Length; cut++)
        {
            byte[] first = Hex.Frame(Opcode.Text, false, compressed.AsSpan(0, cut), compressed: true);
            byte[] stream = [.. first, .. Hex.Frame(Opcode.Ping, true, [7]), .. Hex.Frame(Opcode.Continuation, true, compressed.AsSpan(cut))];
            Assert.Equal(("ping 07 | text Hello", "8A0107"), Frames.AtServer(stream, null, s_fresh));
        }
    }

    [Theory]
    [InlineData(8, 256, true)]
    [InlineData(8, 257, false)]
    [InlineData(9, 512, true)]
    [InlineData(9, 513, false)]
    [InlineData(15, 600, true)]
    [InlineData(15, 601, false)]
    public void Hardening40_A_distance_beyond_the_window_or_the_beginning_is_1007(int windowBits, int distance, bool isLegal)
    {
        byte[] plain = new Dice(40).Bytes(600);
        byte[] message = Message([.. Zlib.Stored(plain)[..^1], .. MatchOfThree(distance)]);
        string expected = isLegal ? $"binary {Convert.ToHexString([.. plain, .. plain[^distance..].Take(3)])}" : "violation 1007";
        Assert.Equal(expected, Frames.AtServer(message, null, new(15, windowBits, sendFresh: false, receiveFresh: true)).Events);
    }

    [Fact]
    public void Hardening40_A_message_without_context_looks_back_at_no_other()
    {
        byte[] stream = [.. Message(Convert.FromHexString(Hello), Opcode.Text), .. Message(Convert.FromHexString(HelloAgain), Opcode.Text)];
        Assert.Equal("text Hello | violation 1007", AtServer(stream));
    }

    [Fact]
    public void Hardening40_Plain_messages_among_compressed_ones_do_not_move_the_window()
    {
        byte[] plain = Hex.Frame(Opcode.Text, true, "plain"u8, key: null);
        byte[] stream = [.. ServerMessage(Hello), .. plain, .. ServerMessage(HelloAgain), .. plain];
        Assert.Equal("text Hello | text plain | text Hello | text plain", Frames.AtClient(stream, deflate: s_chained).Events);
    }

    [Fact]
    public void Hardening51_Noise_in_place_of_compressed_messages_throws_nothing()
    {
        for (ulong seed = 1; seed <= 5_000; seed++)
        {
            Dice dice = new(seed);
            byte[] compressed = Zlib.Deflate(dice.Bytes(dice.Below(50)));
            for (int changes = dice.Below(4); changes > 0; changes--)
            {
                compressed[dice.Below(compressed.Length)] = (byte)dice.Next();
            }
            byte[] stream = [.. Fragments(compressed, dice.Below(compressed.Length)), .. Hex.Frame(Opcode.Ping, true, [])];
            Peer<ServerRole> whole = new(s_limits, deflate: s_fresh);
            whole.Receive(stream);
            Peer<ServerRole> cut = new(s_limits, deflate: s_fresh);
            cut.ReceiveCut(stream, () => 1 + dice.Below(20));
            Assert.Equal((seed, whole.Transcript), (seed, cut.Transcript));
            Assert.Equal(whole.TakeOutput(), cut.TakeOutput());
        }
    }

    private static string AtServer(byte[] stream, WebSocketLimits? limits = null) => Frames.AtServer(stream, limits, s_fresh).Events;

    private static byte[] Message(byte[] compressed, Opcode opcode = Opcode.Binary) => Hex.Frame(opcode, true, compressed, compressed: true);

    private static byte[] ServerMessage(string hex) => Hex.Frame(Opcode.Text, true, Convert.FromHexString(hex), key: null, compressed: true);

    private static byte[] Fragments(byte[] compressed, int cut, Opcode opcode = Opcode.Binary) =>
        [.. Hex.Frame(opcode, false, compressed.AsSpan(0, cut), compressed: true), .. Hex.Frame(Opcode.Continuation, true, compressed.AsSpan(cut))];

    private static byte[] Bomb(int megabytes)
    {
        using MemoryStream compressed = new();
        using (DeflateStream stream = new(compressed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (int i = 0; i < megabytes; i++)
            {
                stream.Write(new byte[1_000_000]);
            }
        }
        return compressed.ToArray();
    }

    // A fixed block of one match, and the beginning of the stored block that ends a message.
    private static byte[] MatchOfThree(int distance)
    {
        int extraBits = 0;
        int symbol = distance - 1;
        if (distance > 4)
        {
            extraBits = int.Log2(distance - 1) - 1;
            symbol = (2 * extraBits) + 2 + (((distance - 1) >> extraBits) & 1);
        }
        List<int> bits = [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]; // not the last, fixed; length symbol 257
        bits.AddRange(Enumerable.Range(0, 5).Select(i => (symbol >> (4 - i)) & 1));
        bits.AddRange(Enumerable.Range(0, extraBits).Select(i => ((distance - 1) >> i) & 1));
        bits.AddRange([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // the end of the block; a stored one
        return [.. bits.Chunk(8).Select(static chunk => (byte)chunk.Select(static (bit, i) => bit << i).Sum())];
    }
}
