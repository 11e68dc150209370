using Sluice.Loop;
using Xunit;

namespace Sluice.Simulator;

public sealed class WorldTests
{
    private const ulong Token = 7;

    [Fact]
    public void The_generator_gives_the_same_numbers_for_ever()
    {
        Prng prng = new(1);
        Assert.Equal([0xb3f2af6d0fc710c5, 0x853b559647364cea, 0x92f89756082a4514], new[] { prng.Next(), prng.Next(), prng.Next() });
    }

    [Fact]
    public void Bytes_come_whole_and_in_order_however_they_are_delayed_and_cut()
    {
        FaultPlan plan = new() { [Fault.ReadCut] = 300, [Fault.ReadByte] = 100, [Fault.BytesDelayed] = 200, [Fault.BufferTiny] = 500 };
        for (ulong seed = 1; seed <= 50; seed++)
        {
            World world = new(seed, plan);
            byte[] sent = new byte[5_000];
            world.Prng.Fill(sent);
            Writer writer = new(world, sent);
            SimulatedSystem system = world.AddSystem(listens: true);
            Reader reader = new(system);
            writer.Start();
            world.RunUntil(10_000_000);
            Assert.True(reader.Ended);
            Assert.Equal(sent, reader.Bytes);
        }
    }

    [Fact]
    public void A_send_while_another_is_not_complete_is_a_violation() => Misuse(
        Fault.SendPending,
        static (system, socket) =>
        {
            system.Send(socket, new byte[8], 0, 8);
            system.Send(socket, new byte[8], 0, 8);
        });

    [Fact]
    public void A_send_where_there_is_no_room_for_more_is_a_violation() => Misuse(
        Fault.SendFull,
        static (system, socket) =>
        {
            Assert.Equal(new SendOutcome(SendStatus.Full, 8), system.Send(socket, new byte[8], 0, 8));
            system.Send(socket, new byte[8], 0, 8);
        });

    [Fact]
    public void After_a_full_send_one_completion_of_no_bytes_says_that_there_is_room()
    {
        World world = new(1, new FaultPlan { [Fault.SendFull] = 1000 });
        SimulatedSystem system = world.AddSystem(listens: true);
        new Writer(world, []).Start();
        Assert.True(system.Next(0, out Completion accepted));
        system.Adopt(accepted.Socket, Token, peek: true);
        system.Send(accepted.Socket, new byte[8], 0, 8);
        List<Completion> sent = [];
        system.Turn = () =>
        {
            if (system.Next(long.MaxValue, out Completion completion) && completion.Kind == CompletionKind.Sent)
            {
                sent.Add(completion);
            }
        };
        world.RunUntil(1_000);
        Assert.Equal([Completion.Of(CompletionKind.Sent, Token, accepted.Socket)], sent);
    }

    [Fact]
    public void A_byte_changed_during_a_send_is_a_violation() => Misuse(
        Fault.SendPending,
        static (system, socket) =>
        {
            byte[] bytes = new byte[8];
            system.Send(socket, bytes, 2, 6);
            bytes[5]++;
            system.Close(socket);
        });

    [Fact]
    public void A_send_of_nothing_is_a_violation() => Misuse(null, static (system, socket) => system.Send(socket, new byte[8], 8, 0));

    [Fact]
    public void A_send_after_the_end_is_a_violation() => Misuse(
        null,
        static (system, socket) =>
        {
            system.ShutdownWrite(socket);
            system.Send(socket, new byte[8], 0, 8);
        });

    [Fact]
    public void A_use_after_the_close_is_a_violation() => Misuse(
        null,
        static (system, socket) =>
        {
            system.Close(socket);
            system.Arm(socket);
        });

    [Fact]
    public void Adopting_twice_is_a_violation() => Misuse(null, static (system, socket) => system.Adopt(socket, Token, peek: false));

    [Fact]
    public void Giving_away_what_is_not_peeked_is_a_violation() => Misuse(null, static (system, socket) => system.Release(socket));

    private static void Misuse(Fault? always, Action<SimulatedSystem, int> act)
    {
        World world = new(1, always is { } fault ? new FaultPlan { [fault] = 1000 } : FaultPlan.None);
        SimulatedSystem system = world.AddSystem(listens: true);
        new Writer(world, []).Start();
        Assert.True(system.Next(0, out Completion completion));
        system.Adopt(completion.Socket, Token, peek: false);
        Assert.Throws<Violation>(() =>
        {
            act(system, completion.Socket);
            world.RunUntil(1_000);
        });
    }

    /// <summary>A peer that says what it has to say, and FIN.</summary>
    private sealed class Writer(World world, byte[] bytes) : IEndOwner
    {
        private End? _end;
        private int _written;

        public void Start()
        {
            _end = world.Connect(this, address: 0);
            Changed();
        }

        public void Changed()
        {
            if (_written < bytes.Length)
            {
                _written += _end!.Write(bytes.AsSpan(_written));
            }
            if (_written == bytes.Length)
            {
                _end!.Shutdown();
            }
        }
    }

    /// <summary>A loop that keeps what it reads.</summary>
    private sealed class Reader
    {
        private readonly SimulatedSystem _system;

        public Reader(SimulatedSystem system)
        {
            _system = system;
            system.Turn = Turn;
        }

        public List<byte> Bytes { get; } = [];

        public bool Ended { get; private set; }

        private void Turn()
        {
            if (!_system.Next(long.MaxValue, out Completion completion))
            {
                return;
            }
            switch (completion.Kind)
            {
                case CompletionKind.Accepted:
                    _system.Adopt(completion.Socket, Token, peek: false);
                    break;
                case CompletionKind.Received:
                    Bytes.AddRange(completion.Buffer.AsSpan(completion.Offset, completion.Count));
                    break;
                case CompletionKind.Ended:
                    Ended = true;
                    break;
            }
        }
    }
}
