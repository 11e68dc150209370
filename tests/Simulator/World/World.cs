using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A process of several loops, its network and its clock, all of it from one seed.</summary>
/// <remarks>One thread plays everything. At each step either the next due act happens or one runnable loop makes one
/// turn, chosen by the seed; when nothing is due, time jumps to what comes next.</remarks>
internal sealed class World
{
    /// <summary>A loop that turns so often while time stands still is spinning.</summary>
    private const int TurnsWithoutTimeMax = 20_000;

    private readonly Agenda _agenda = new();
    private readonly List<SimulatedSystem> _systems = [];
    private readonly long[] _reached = new long[Enum.GetValues<Milestone>().Length];
    private int _turnsWithoutTime;
    private int _addresses;

    public World(ulong seed, FaultPlan? plan = null, TextWriter? live = null)
    {
        Prng = new Prng(seed);
        Faults = new Faults(plan ?? FaultPlan.Draw(Prng), Prng);
        Trace = new Trace(live);
    }

    public Prng Prng { get; }

    public Faults Faults { get; }

    public Trace Trace { get; }

    /// <summary>For bytes that a peer has just read, until it reads again.</summary>
    public byte[] Scratch { get; } = new byte[16 * 1024];

    public Descriptors Descriptors { get; } = new();

    /// <summary>For all peers; it keeps nothing between two calls.</summary>
    public Deflater Deflater => field ??= new Deflater();

    /// <summary>Milliseconds since the world began.</summary>
    public long Now { get; private set; }

    /// <summary>The system whose loop is running, if one is.</summary>
    public SimulatedSystem? Turning { get; private set; }

    public IReadOnlyList<SimulatedSystem> Systems => _systems;

    /// <summary>How often each milestone was reached, by its number.</summary>
    public ReadOnlySpan<long> Reached => _reached;

    public SimulatedSystem AddSystem(bool listens)
    {
        SimulatedSystem system = new(this, $"loop {_systems.Count}", listens, Prng.Pick<int>([64, 1024, 16 * 1024]));
        _systems.Add(system);
        return system;
    }

    public void Reach(Milestone milestone) => _reached[(int)milestone]++;

    /// <summary>From now on nothing fails, and what is stalled goes on.</summary>
    public void EndStorm()
    {
        Faults.Over = true;
        _systems.ForEach(static system => system.StalledUntil = 0);
    }

    public void Schedule(long at, IActor actor, int what, long argument = 0) => _agenda.Add(at, actor, what, argument);

    /// <summary>An address that nobody else has.</summary>
    public UInt128 NewAddress() => ((UInt128)0xFFFF << 32) | (uint)(0x0A00_0000 + ++_addresses);

    /// <summary>Opens a connection to the loops' listener.</summary>
    public End Connect(IEndOwner client, UInt128 address)
    {
        (End clientEnd, End serverEnd) = End.Connect(this, address, DrawCapacity(), DrawCapacity(), Prng.Between(0, 20));
        clientEnd.Owner = client;
        SimulatedSystem? listener = _systems.Find(static system => system.IsAccepting);
        if (listener is null)
        {
            serverEnd.Abort();
        }
        else
        {
            listener.Offer(serverEnd);
        }
        return clientEnd;
    }

    /// <summary>Whoever serves what the loops do not, serves it by hanging up.</summary>
    public void OnReleased(End server)
    {
        Reach(Milestone.Released);
        server.Owner = null;
        server.Close();
    }

    /// <summary>Lets the world go on until a time.</summary>
    public void RunUntil(long deadline)
    {
        while (Step(deadline))
        {
        }
    }

    /// <returns>False when nothing is left to do before the deadline, which is then the time.</returns>
    private bool Step(long deadline)
    {
        SimulatedSystem? runnable = PickRunnable();
        bool isActDue = _agenda.NextAt <= Now;
        if (isActDue && (runnable is null || Prng.Chance(500)))
        {
            _agenda.RunNext();
            return true;
        }
        if (runnable is not null)
        {
            TurnOrStall(runnable);
            return true;
        }
        long next = _systems.Aggregate(_agenda.NextAt, static (at, system) => Math.Min(at, system.RunnableAt));
        Violation.Unless(next > Now, "the world believes that a loop can run which cannot");
        Now = Math.Min(next, deadline);
        _turnsWithoutTime = 0;
        return next <= deadline;
    }

    private SimulatedSystem? PickRunnable()
    {
        int first = Prng.Below(_systems.Count);
        for (int i = 0; i < _systems.Count; i++)
        {
            SimulatedSystem system = _systems[(first + i) % _systems.Count];
            if (system.IsRunnable)
            {
                return system;
            }
        }
        return null;
    }

    private void TurnOrStall(SimulatedSystem system)
    {
        if (Faults.Strikes(Fault.LoopStalled))
        {
            system.StalledUntil = Now + (Prng.Chance(30) ? Prng.Between(10_000, 100_000) : Prng.Between(1, 3_000));
            return;
        }
        Run(system);
        if (Faults.Strikes(Fault.WakeSpurious))
        {
            system.WakeSpuriously();
        }
        if (Faults.Strikes(Fault.TurnSpurious))
        {
            Run(_systems[Prng.Below(_systems.Count)]);
        }
    }

    private void Run(SimulatedSystem system)
    {
        Violation.Unless(++_turnsWithoutTime < TurnsWithoutTimeMax, "a loop spins");
        system.BeginTurn();
        Turning = system;
        system.Turn();
        Turning = null;
    }

    private int DrawCapacity() =>
        Faults.Strikes(Fault.BufferTiny) ? Prng.Between(8, 300) : Prng.Pick<int>([2 * 1024, 8 * 1024, 64 * 1024]);
}
