using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 21 to 30, 33 and 34: what is no frame, no message, and too large. Whoever sends it goes on sending, and is told.</summary>
public sealed class FramingTests(Servers servers) : IClassFixture<Servers>
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening21_A_reserved_bit_is_1002(Carriage carriage)
    {
        await servers[carriage].ExpectRefusalsAsync(
            ("RSV1 where nothing agreed", Hex("C1 80 00000000"), 1002),
            ("RSV2", Hex("A1 80 00000000"), 1002),
            ("RSV3", Hex("91 80 00000000"), 1002));
        await servers[carriage].ExpectRefusalsAsync(
            Good + Deflate,
            ("RSV1 on a continuation", Hex("41 80 00000000 C0 80 00000000"), 1002),
            ("RSV1 on a ping", Hex("C9 80 00000000"), 1002),
            ("RSV2 beside RSV1", Hex("E1 80 00000000"), 1002));
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening22_A_reserved_opcode_is_1002(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        [.. ((int[])[3, 4, 5, 6, 7, 11, 12, 13, 14, 15]).Select(static opcode => ($"{opcode}", Hex($"8{opcode:X} 80 00000000"), 1002))]);

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening23_An_unmasked_frame_is_1002_and_the_mask_key_0_is_legal(Carriage carriage)
    {
        await servers[carriage].ExpectRefusalsAsync(("data", Hex("81 02 6869"), 1002), ("a ping", Hex("89 00"), 1002), ("a close", Hex("88 02 03E8"), 1002));
        using Peer peer = servers[carriage].Open();
        peer.Send(Hex("81 82 00000000 6869"));
        Assert.Equal("hi"u8, peer.ReadFrame().Payload);
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening24_A_control_frame_is_whole_and_short(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        ("a ping that is not final", Hex("09 80 00000000"), 1002),
        ("a close that is not final", Hex("08 80 00000000"), 1002),
        ("a ping of 126 bytes", Hex("89 FE 007E 00000000"), 1002),
        ("a pong of 65,536 bytes", Hex("8A FF 0000000000010000 00000000"), 1002),
        ("a length it does not need", Hex("89 FE 0005 00000000 0102030405"), 1002));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening25_Messages_do_not_interleave(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        ("TEXT(fin=0), BINARY", Hex("01 81 00000000 61 82 81 00000000 01"), 1002),
        ("TEXT(fin=0), PING, TEXT", Hex("01 81 00000000 61 89 80 00000000 81 81 00000000 62"), 1002),
        ("a continuation with nothing to continue", Hex("80 81 00000000 61"), 1002),
        ("the same after a whole message", Hex("81 81 00000000 61 80 81 00000000 62"), 1002));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening26_A_length_does_not_overflow(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        ("the top bit alone", Hex("82 FF 8000000000000000 00000000"), 1002),
        ("minus one", Hex("82 FF FFFFFFFFFFFFFFFF 00000000"), 1002),
        ("a sum that would wrap around", Hex("02 81 00000000 01 80 FF FFFFFFFFFFFFFFFF 00000000"), 1002),
        ("the longest there is", Hex("82 FF 7FFFFFFFFFFFFFFF 00000000"), 1009),
        ("the longest as a continuation", Hex("02 81 00000000 01 80 FF 7FFFFFFFFFFFFFFF 00000000"), 1009));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening27_A_length_that_could_be_shorter_is_1002(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        ("125 in 16 bits", Hex("82 FE 007D 00000000"), 1002),
        ("65,535 in 64 bits", Hex("82 FF 000000000000FFFF 00000000"), 1002));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening28_More_than_the_limit_is_1009(Carriage carriage)
    {
        int max = (int)WebSocketLimits.Default.MessageBytesMax;
        await servers[carriage].ExpectRefusalsAsync(
            ("declared", Frame(Opcode.Binary, new byte[max + 1]).AsSpan(0, 14).ToArray(), 1009),
            ("in all fragments", [.. Frame(Opcode.Binary, new byte[max], final: false), .. Frame(Opcode.Continuation, [1])], 1009));
        await servers[carriage].ExpectRefusalsAsync(
            Good + Deflate,
            ("inflated", Frame(Opcode.Binary, Deflated(new byte[max + 1]), compressed: true), 1009));
        using Peer peer = servers[carriage].Open();
        byte[] message = Pattern(max, seed: 28);
        peer.SendFrame(Opcode.Binary, message);
        Assert.Equal(message, peer.ReadFrame().Payload);
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening29_What_is_only_declared_costs_nothing(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, null, static loop => new Witness(loop) { Limits = new() { MessageBytesMax = 1L << 40 } });
        Peer[] peers = [.. Enumerable.Range(0, 50).Select(_ => server.Open())];
        foreach (Peer peer in peers)
        {
            peer.SendFrame(Opcode.Ping, "?"u8);
            peer.Send(Hex("82 FF 0000000040000000 00000000 0102030405"));
        }
        foreach (Peer peer in peers)
        {
            Assert.Equal(Opcode.Pong, peer.ReadFrame().Opcode);
        }
        await server.UntilAsync(loop => loop.Resources.Inboxes == peers.Length);
        Assert.InRange(server.Ask(static loop => loop.MemoryBytes), 0, 4096 * peers.Length);
        foreach (Peer peer in peers)
        {
            peer.Dispose();
            Assert.Equal(CloseCodes.Abnormal, server.Witness.ExpectEnd());
        }
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening30_Too_many_fragments_are_1009_and_too_many_empty_ones_1008(Carriage carriage) => servers[carriage].ExpectRefusalsAsync(
        ("tiny", Fragments(WebSocketLimits.Default.FragmentsMax + 1, bytes: 1), 1009),
        ("empty", Fragments(WebSocketLimits.Default.EmptyFragmentsMax + 1, bytes: 0), 1008));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening30_4_MiB_in_65536_fragments_pass_where_4_MiB_are_allowed(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, null, static loop => new Witness(loop) { Limits = new() { MessageBytesMax = 4 << 20 } });
        using Peer peer = server.Open();
        peer.Send(Fragments(65536, bytes: 64));
        peer.Send(Frame(Opcode.Continuation, []));
        Assert.Equal(4 << 20, peer.ReadFrame().Payload.Length);
        peer.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening33_The_first_byte_that_is_no_UTF_8_is_1007(Carriage carriage)
    {
        await servers[carriage].ExpectRefusalsAsync(
            ("an overlong form", Hex("81 82 00000000 C080"), 1007),
            ("a surrogate", Hex("81 83 00000000 EDA080"), 1007),
            ("above the last character", Hex("81 84 00000000 F4908080"), 1007),
            ("a character cut at the end", Hex("81 82 00000000 E282"), 1007),
            ("in a reason", Hex("88 83 00000000 03E8FF"), 1007));
        using Peer peer = servers[carriage].Open();
        peer.Send(Hex("01 FE 1000 00000000 61 FF"));
        Assert.Equal(1007, peer.ReadClose()); // and the rest of the frame never came
        peer.ExpectEnd();
        Assert.Equal(1007, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening34_Unmasking_is_right_at_every_cut(Carriage carriage)
    {
        byte[] message = Pattern(40, seed: 34);
        byte[] frame = new byte[6 + message.Length];
        FrameHeader.Write(frame, Opcode.Binary, final: true, message.Length, 0xA1B2C3D4);
        message.CopyTo(frame, 6);
        Masking.Apply(frame.AsSpan(6), 0xA1B2C3D4);
        using Peer peer = servers[carriage].Open();
        for (int cut = 1; cut < frame.Length; cut++)
        {
            // The pong says that the first piece has been read alone.
            peer.Send([.. Frame(Opcode.Ping, []), .. frame[..cut]]);
            Assert.Equal(Opcode.Pong, peer.ReadFrame().Opcode);
            peer.Send(frame.AsSpan(cut));
            Assert.Equal((cut, Convert.ToHexString(message)), (cut, Convert.ToHexString(peer.ReadFrame().Payload)));
        }
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
        await servers[carriage].ExpectNothingLeftAsync();
    }
}
