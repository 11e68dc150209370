using System.Net.Sockets;
using System.Text;
using Sluice.Live.Epoll;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 47 to 49 and 52: peers that do too little, and what there is too little of.</summary>
public sealed class LivenessTests
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening47_Who_answers_no_ping_is_gone(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { PingAfterMs = 50, PongTimeoutMs = 100 });
        using Peer peer = server.Open();
        Assert.Equal(Opcode.Ping, peer.ReadFrame().Opcode);
        Assert.Equal(1001, peer.ReadClose());
        peer.ExpectEnd();
        Assert.Equal(1006, server.Witness.ExpectEnd());
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening47_Who_answers_them_stays(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { PingAfterMs = 20, PongTimeoutMs = 600_000 });
        using Peer peer = server.Open();
        for (int i = 0; i < 5; i++)
        {
            (Opcode opcode, byte[] payload) = peer.ReadFrame();
            Assert.Equal(Opcode.Ping, opcode);
            peer.SendFrame(Opcode.Pong, payload);
        }
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, server.Witness.ExpectEnd());
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening47_Who_reads_nothing_costs_bounded_bytes_for_a_bounded_time(Carriage carriage)
    {
        const int MessageBytes = 64 << 10;
        await using Server server = await Server.StartAsync(carriage, new() { StallTimeoutMs = 500, CloseTimeoutMs = 100 });
        using Peer peer = server.Open(receiveBufferBytes: 4096);
        Task sending = Task.Run(() => SendUntilCutOff(peer, Frame(Opcode.Binary, new byte[MessageBytes])), TestContext.Current.CancellationToken);
        long most = 0;
        await server.UntilAsync(loop =>
        {
            most = Math.Max(most, loop.MemoryBytes);
            return loop.Resources == default;
        });
        await sending;
        Assert.Equal(1008, server.Witness.ExpectEnd());
        Assert.InRange(most, 1, EventLoopOptions.Default.UnsentBytesHigh + (8 * MessageBytes));
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening48_A_message_that_does_not_get_on_is_1008_whatever_is_said_beside_it(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(
            carriage,
            new() { ProgressTimeoutMs = 300, PingAfterMs = 50, ControlFramesPerSecond = 0 },
            static loop => new Witness(loop) { Limits = new() { FragmentsMax = 1_000_000 } });
        using Peer peer = server.Open();
        peer.Send(Frame(Opcode.Text, "a"u8, final: false));
        Task<int> close = Task.Run(peer.ReadClose, TestContext.Current.CancellationToken);
        while (!close.IsCompleted)
        {
            peer.Send([.. Frame(Opcode.Continuation, "a"u8, final: false), .. Frame(Opcode.Pong, [])]);
            await Task.WhenAny(close, Task.Delay(10, TestContext.Current.CancellationToken));
        }
        Assert.Equal(1008, await close);
        peer.ExpectEnd();
        Assert.Equal(1008, server.Witness.ExpectEnd());
        peer.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening49_Accepting_waits_for_descriptors_and_nobody_who_is_here_notices()
    {
        await using Server server = await Server.StartAsync(Carriage.Reactor, new() { AcceptPauseMs = 10 });
        using Peer peer = server.Open();
        using Socket late = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        server.Ask(static _ => true); // whatever needs a descriptor once has it
        using (DescriptorLimit.Exhausted())
        {
            late.Connect(server.EndPoint);
            late.Send(Bytes(Request()));
            for (int i = 0; i < 20; i++)
            {
                peer.ExpectEcho($"{i}");
            }
        }
        byte[] answer = new byte[12];
        Assert.Equal(answer.Length, late.Receive(answer));
        Assert.Equal("HTTP/1.1 101", Encoding.ASCII.GetString(answer));
        peer.ExpectGoodbye();
        late.Dispose();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening52_Over_the_budget_the_message_that_costs_most_is_given_up(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(
            carriage,
            new() { MemoryBytesMax = 200_000 },
            static loop => new Witness(loop) { Limits = new() { MessageBytesMax = 1 << 20 } });
        byte[] message = Frame(Opcode.Binary, new byte[10_000]);
        using Peer idle = server.Open();
        using Peer light = server.Open();
        light.Send(message.AsSpan(0, 9_000));
        await server.UntilAsync(static loop => loop.MemoryBytes >= 8_000);
        using (Peer heavy = server.Open())
        {
            heavy.Send(Frame(Opcode.Binary, new byte[1 << 20]).AsSpan(0, 400_000));
            heavy.Send(Noise);
            Assert.Equal(1013, heavy.ReadClose());
            heavy.ExpectEnd();
            Assert.Equal(1013, server.Witness.ExpectEnd());
        }
        light.Send(message.AsSpan(9_000));
        Assert.Equal(10_000, light.ReadFrame().Payload.Length);
        idle.ExpectEcho();
        idle.ExpectGoodbye();
        light.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening52_Who_does_not_take_what_waits_for_him_goes_before_who_sends(Carriage carriage)
    {
        const int LargeBytes = 8 << 20;
        await using Server server = await Server.StartAsync(
            carriage,
            new() { MemoryBytesMax = 1 << 20, UnsentBytesMax = 2 * LargeBytes, CloseTimeoutMs = 100 },
            static loop => new Witness(loop)
            {
                Limits = new() { MessageBytesMax = 1 << 20 },
                OnText = static (loop, connection, _) => loop.Send(connection, Opcode.Binary, new byte[LargeBytes]),
            });
        byte[] message = Frame(Opcode.Binary, new byte[300_000]);
        using Peer sender = server.Open();
        sender.Send(message.AsSpan(0, 200_000));
        await server.UntilAsync(static loop => loop.MemoryBytes >= 150_000);
        using Peer taker = server.Open(receiveBufferBytes: 4096);
        taker.SendFrame(Opcode.Text, []);
        Assert.Equal(1013, server.Witness.ExpectEnd());
        await server.UntilAsync(static loop => loop.ConnectionCount == 1);
        sender.Send(message.AsSpan(200_000));
        Assert.Equal(300_000, sender.ReadFrame().Payload.Length);
        sender.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    private static void SendUntilCutOff(Peer peer, byte[] frame)
    {
        try
        {
            while (true)
            {
                peer.Send(frame);
            }
        }
        catch (IOException)
        {
            // It was.
        }
    }
}
