using System.Text;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 43 to 46 and 50: how connections end, each once.</summary>
public sealed class ClosingTests(Servers servers) : IClassFixture<Servers>
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening43_A_code_that_may_not_be_received_is_1002(Carriage carriage)
    {
        int[] codes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535];
        await servers[carriage].ExpectRefusalsAsync(
            [.. codes.Select(static code => ($"{code}", Close(code), 1002)), ("half a code", Hex("88 81 00000000 03"), 1002)]);
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening43_A_reason_is_cut_to_123_bytes_on_a_character(Carriage carriage)
    {
        string reason = string.Concat(Enumerable.Repeat("é€", 40));
        await using Server server = await Server.StartAsync(carriage, null, loop => new Witness(loop)
        {
            OnText = (loop, connection, _) => loop.Close(connection, 4000, Encoding.UTF8.GetBytes(reason)),
        });
        using Peer peer = server.Open();
        peer.SendFrame(Opcode.Text, []);
        byte[] payload = peer.ReadFrame().Payload;
        Assert.InRange(payload.Length, 2 + 121, 2 + 123);
        Assert.StartsWith(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(payload.AsSpan(2)), reason, StringComparison.Ordinal);
        peer.Send(Close(4000));
        peer.ExpectEnd();
        Assert.Equal(4000, server.Witness.ExpectEnd());
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening44_The_code_is_repeated_and_what_follows_is_ignored(Carriage carriage)
    {
        byte[] more = Frame(Opcode.Text, "an echo would come before the end"u8);
        await servers[carriage].ExpectRefusalsAsync(
            [.. ((int[])[1000, 1001, 1003, 1007, 1014, 3000, 4999]).Select(code => ($"{code}", (byte[])[.. Close(code), .. more], code))]);
        using Peer peer = servers[carriage].Open();
        peer.Send([.. Hex("88 80 00000000"), .. more, .. Noise]);
        Assert.Equal(0, peer.ReadClose());
        peer.ExpectEnd();
        Assert.Equal(CloseCodes.NoStatus, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening44_After_our_close_the_peers_is_waited_for_and_nothing_else_said(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, null, static loop => new Witness(loop)
        {
            OnText = static (loop, connection, _) =>
            {
                loop.Close(connection, 4001, default);
                loop.Send(connection, Opcode.Text, "too late"u8);
            },
        });
        using Peer peer = server.Open();
        peer.SendFrame(Opcode.Text, []);
        Assert.Equal(4001, peer.ReadClose());
        Assert.Equal(4001, server.Witness.ExpectEnd());
        Assert.Equal(1, server.Ask(static loop => loop.ConnectionCount));
        peer.Send([.. Frame(Opcode.Binary, [1]), .. Frame(Opcode.Ping, []), .. Close(1000), .. Noise]);
        peer.ExpectEnd();
        server.Witness.ExpectNoFurtherEnd();
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening45_The_server_ends_first_and_does_not_wait_for_long(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { LingerTimeoutMs = 100, CloseTimeoutMs = 100 }, static loop => new Witness(loop)
        {
            OnText = static (loop, connection, _) => loop.Close(connection, 4002, default),
        });
        using Peer silent = server.Open();
        silent.Send(Hex("83 80 00000000"));
        Assert.Equal(1002, silent.ReadClose());
        silent.ExpectEnd();
        using Peer unanswering = server.Open();
        unanswering.SendFrame(Opcode.Text, []);
        Assert.Equal(4002, unanswering.ReadClose());
        unanswering.ExpectEnd();
        await server.ExpectNothingLeftAsync(); // though neither has ended
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening45_One_that_sends_on_without_end_is_cut_off(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { LingerTimeoutMs = 200 });
        using Peer peer = server.Open();
        peer.Send(Hex("83 80 00000000"));
        bool isEnough = false;
        Task sending = Task.Run(() =>
        {
            while (!Volatile.Read(ref isEnough) && TrySend(peer, Noise))
            {
            }
        }, TestContext.Current.CancellationToken);
        Assert.Equal(1002, peer.ReadClose());
        await server.ExpectNothingLeftAsync();
        Volatile.Write(ref isEnough, true);
        await sending;
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening46_Each_end_is_told_once_with_its_code(Carriage carriage)
    {
        Server server = servers[carriage];
        byte[] nothing = [];
        foreach ((string sentence, byte[] sent, bool resets, int code) in ((string, byte[], bool, int)[])[
            ("FIN", nothing, false, 1006),
            ("FIN in a header", Hex("81 FE 00"), false, 1006),
            ("FIN in a frame", Hex("81 85 00000000 61"), false, 1006),
            ("FIN in a message", Hex("01 81 00000000 61"), false, 1006),
            ("FIN after a close", Close(1001), false, 1001),
            ("FIN after a violation", Hex("83 80 00000000"), false, 1002),
            ("RST", nothing, true, 1006),
            ("RST in a frame", Hex("81 85 00000000 61"), true, 1006)])
        {
            using Peer peer = server.Open();
            peer.Send([.. Frame(Opcode.Ping, []), .. sent]);
            Assert.Equal(Opcode.Pong, peer.ReadFrame().Opcode);
            if (resets)
            {
                peer.Reset();
            }
            else
            {
                peer.End();
            }
            Assert.Equal((sentence, code), (sentence, server.Witness.ExpectEnd()));
            if (code != 1006)
            {
                Assert.Equal((sentence, code), (sentence, peer.ReadClose()));
            }
            if (!resets)
            {
                peer.ExpectEnd();
            }
            await server.ExpectNothingLeftAsync();
        }
        server.Witness.ExpectNoFurtherEnd();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening50_Closing_in_a_callback_is_safe_and_the_last_of_them(Carriage carriage)
    {
        int messages = 0;
        await using Server server = await Server.StartAsync(carriage, null, loop => new Witness(loop)
        {
            Deflate = new(),
            OnText = (loop, connection, _) =>
            {
                messages++;
                loop.Close(connection, 4003, "in the first of many"u8);
                loop.Close(connection, 4004, "again"u8);
                Assert.Equal(SendResult.Refused, loop.Send(connection, Opcode.Text, "after it"u8));
            },
        });
        using Peer peer = server.Open(Good + Deflate);
        byte[] message = Frame(Opcode.Text, Deflated("one of many"u8), compressed: true);
        peer.Send([.. Enumerable.Repeat(message, 100).SelectMany(static bytes => bytes), .. Close(1000), .. Noise]);
        Assert.Equal(4003, peer.ReadClose());
        peer.ExpectEnd();
        Assert.Equal(4003, server.Witness.ExpectEnd());
        server.Witness.ExpectNoFurtherEnd();
        Assert.Equal(1, server.Ask(_ => messages));
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening50_A_shutdown_tells_everybody_once(Carriage carriage)
    {
        Peer[] peers;
        await using (Server server = await Server.StartAsync(carriage, new() { ShutdownSpreadMs = 50 }))
        {
            peers = [.. Enumerable.Range(0, 20).Select(_ => server.Open())];
            Task<int[]> told = Task.Run(() => peers.Select(static peer =>
            {
                int code = peer.ReadClose();
                peer.Send(Close(code));
                peer.ExpectEnd();
                peer.Dispose();
                return code;
            }).ToArray(), TestContext.Current.CancellationToken);
            server.Ask(static loop =>
            {
                loop.BeginShutdown();
                return true;
            });
            Assert.All(await told, static code => Assert.Equal(1001, code));
            Assert.All(peers, _ => Assert.Equal(1001, server.Witness.ExpectEnd()));
            server.Witness.ExpectNoFurtherEnd();
        }
    }

    private static byte[] Close(int code) => Frame(Opcode.Close, [(byte)(code >> 8), (byte)code]);

    private static bool TrySend(Peer peer, byte[] bytes)
    {
        try
        {
            peer.Send(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
