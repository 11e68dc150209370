using System.Text;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 13, 14 and 36 to 42: compression, agreed and used.</summary>
public sealed class CompressedTests(Servers servers) : IClassFixture<Servers>
{
    private const string Hello = "F248CDC9C90700"; // RFC 7692, 7.2.3.1
    private const string HelloAgain = "F200110000"; // 7.2.3.2: looks back at the first
    private const string Agreed = "permessage-deflate; client_no_context_takeover";

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public void Hardening13_A_wrong_parameter_declines_its_offer_and_the_next_is_looked_at(Carriage carriage)
    {
        foreach (string wrong in (string[])[
            "server_max_window_bits=7", "client_max_window_bits=08", "server_no_context_takeover=1", "x", "client_max_window_bits; client_max_window_bits"])
        {
            Assert.Equal((wrong, ""), (wrong, Negotiate(carriage, $"permessage-deflate; {wrong}")));
            Assert.Equal((wrong, Agreed), (wrong, Negotiate(carriage, $"permessage-deflate; {wrong}, permessage-deflate")));
        }
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public void Hardening14_What_is_accepted_is_echoed_and_honoured(Carriage carriage)
    {
        Assert.Equal(Agreed, Negotiate(carriage, "permessage-deflate; client_max_window_bits"));
        using Peer peer = servers[carriage].Connect();
        peer.Send(Request(Good + "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8; server_no_context_takeover\r\n"));
        string answer = peer.ReadAnswer().Head;
        Assert.Contains("; server_max_window_bits=8", answer, StringComparison.Ordinal);
        Assert.Contains("; server_no_context_takeover", answer, StringComparison.Ordinal);

        // Much of it is repeated, at once and after more than the window.
        byte[] message = [.. Enumerable.Range(0, 8).SelectMany(static i => (byte[])[.. Pattern(300, seed: 14), .. new byte[i]])];
        for (int i = 0; i < 2; i++)
        {
            peer.SendFrame(Opcode.Binary, message);
            (byte first, byte[] payload) = peer.ReadRawFrame();
            Assert.Equal(0xC2, first);
            Assert.Equal(message, Inflated(new Inflater(), payload, windowBits: 8, keepWindow: false));
        }
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening36_A_bomb_of_200_MB_is_1009_and_costs_neither(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(
            carriage, null, static loop => new Witness(loop) { Deflate = new(), Limits = new() { MessageBytesMax = 1 << 20 } });
        byte[] megabyte = [.. Deflated(new byte[1 << 20]), 0, 0, 0xFF, 0xFF];
        byte[] bomb = Frame(Opcode.Binary, [.. Enumerable.Repeat(megabyte, 200).SelectMany(static bytes => bytes)], compressed: true);
        await server.ExpectRefusalsAsync(Good + Deflate, ("once, so that all is there that will be", bomb, 1009));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await server.ExpectRefusalsAsync(Good + Deflate, ("again", bomb, 1009));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20_000_000);
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening37_The_inflater_makes_progress(Carriage carriage)
    {
        await servers[carriage].ExpectRefusalsAsync(
            Good + Deflate,
            ("the block type that means nothing", Hex("C2 81 00000000 06"), 1007),
            ("ones", Hex("C2 84 00000000 FFFFFFFF"), 1007),
            ("a stream's end with input left", Hex("C2 83 00000000 03 00 FF"), 1007));
        await ExpectEchoesAsync(carriage, ("C2 82 00000000 03 80", ""));
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening38_A_message_of_a_last_block_is_legal(Carriage carriage) =>
        ExpectEchoesAsync(carriage, ("C1 88 00000000 F348CDC9C9070000", "Hello"), ("C1 87 00000000 F348CDC9C90700", "Hello"));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening39_A_truncated_stream_is_1007(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        Good + Deflate,
        [.. Enumerable.Range(1, 6).Select(static length => ($"{length} bytes", Frame(Opcode.Text, Hex(Hello).AsSpan(0, length), compressed: true), 1007))]);

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening40_Empty_messages_and_cut_symbols_are_legal_and_a_distance_beyond_the_window_is_1007(Carriage carriage)
    {
        await ExpectEchoesAsync(
            carriage,
            ("C1 81 00000000 00", ""),
            ("C1 80 00000000", ""),
            ("41 83 00000000 F248CD 8A 80 00000000 80 84 00000000 C9C90700", "Hello"));
        await servers[carriage].ExpectRefusalsAsync(
            Good + Deflate,
            ("an earlier message", [.. Frame(Opcode.Text, Hex(Hello), compressed: true), .. Frame(Opcode.Text, Hex(HelloAgain), compressed: true)], 1007));
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening41_What_was_not_worth_compressing_does_not_break_the_window(Carriage carriage)
    {
        // The source encodes each text once, as for many readers.
        await using Server server = await Server.StartAsync(carriage, null, static loop =>
        {
            MessageEncoder source = new(loop.Deflater);
            return new Witness(loop)
            {
                Deflate = new(),
                OnText = (loop, connection, text) => loop.SendShared(connection, source.Encode(Opcode.Text, Encoding.UTF8.GetBytes(text), loop.Buffers)),
            };
        });
        using Peer peer = server.Open(Good + Deflate);
        string likely = string.Concat(Enumerable.Range(0, 40).Select(static i => $"{i * i} is the square of {i}. "));
        string[] unlikely = [.. Enumerable.Range(1, 8).Select(static seed => Convert.ToBase64String(Pattern(24, (byte)(seed * 29))))];
        Inflater inflater = new();
        int shortest = int.MaxValue;
        for (int i = 0; i < 16; i++)
        {
            string text = i % 2 == 0 ? likely : unlikely[i / 2];
            peer.SendFrame(Opcode.Text, Encoding.ASCII.GetBytes(text));
            (byte first, byte[] payload) = peer.ReadRawFrame();
            bool isCompressed = first == 0xC1;
            shortest = isCompressed ? Math.Min(shortest, payload.Length) : shortest;
            byte[] message = isCompressed ? Inflated(inflater, payload, windowBits: 15, keepWindow: true) : payload;
            Assert.Equal((i, text), (i, Encoding.ASCII.GetString(message)));
        }
        Assert.InRange(shortest, 1, 40); // something did look back at an earlier message
        peer.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor, SendOptions.None, 0xC1)]
    [InlineData(Carriage.Tls, SendOptions.None, 0xC1)]
    [InlineData(Carriage.Reactor, SendOptions.Uncompressed, 0x81)]
    [InlineData(Carriage.Tls, SendOptions.Uncompressed, 0x81)]
    [InlineData(Carriage.Kestrel, SendOptions.None, 0xC1)]
    [InlineData(Carriage.Kestrel, SendOptions.Uncompressed, 0x81)]
    public async Task Hardening42_A_message_may_be_sent_plain(Carriage carriage, SendOptions options, byte first)
    {
        await using Server server = await Server.StartAsync(carriage, null, loop => new Witness(loop) { Deflate = new(), Options = options });
        using Peer peer = server.Open(Good + Deflate);
        peer.SendFrame(Opcode.Text, new byte[1000]);
        Assert.Equal(first, peer.ReadRawFrame().First);
        peer.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    private string Negotiate(Carriage carriage, string offer)
    {
        using Peer peer = servers[carriage].Connect();
        peer.Send(Request(Good + $"Sec-WebSocket-Extensions: {offer}\r\n"));
        string[] lines = peer.ReadAnswer().Head.Split("\r\n");
        string? line = lines.SingleOrDefault(static line => line.StartsWith("Sec-WebSocket-Extensions: ", StringComparison.Ordinal));
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
        return line?.Split(": ")[1] ?? "";
    }

    private async Task ExpectEchoesAsync(Carriage carriage, params (string Sent, string Text)[] messages)
    {
        using Peer peer = servers[carriage].Open(Good + Deflate);
        foreach ((string sent, string text) in messages)
        {
            peer.Send(Hex(sent));
            (byte first, byte[] payload) = peer.ReadRawFrame();
            byte[] message = (first & 0x40) != 0 ? Inflated(new Inflater(), payload, windowBits: 15, keepWindow: false) : payload;
            Assert.Equal((sent, text), (sent, Encoding.ASCII.GetString(message)));
        }
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
        await servers[carriage].ExpectNothingLeftAsync();
    }
}
