namespace Sluice.Simulator;

/// <summary>How likely each fault is, in thousandths, at each moment at which it could strike.</summary>
internal sealed record FaultPlan
{
    private static readonly int s_kinds = Enum.GetValues<Fault>().Length;
    private readonly int[] _perMille = new int[s_kinds];

    public int this[Fault fault]
    {
        get => _perMille[(int)fault];
        init => _perMille[(int)fault] = value;
    }

    public static FaultPlan None { get; } = new();

    /// <summary>Whether a fault may cost a connection. The others may cost time, and not much of it.</summary>
    public static bool IsHarmful(Fault fault) => fault >= Fault.BufferTiny;

    /// <summary>A plan of its own for each seed, in which some faults are frequent, some rare and some absent:
    /// a bug that shows only without a certain fault is as real as one that needs it.</summary>
    public static FaultPlan Draw(Prng prng)
    {
        FaultPlan plan = new();
        bool isGentle = prng.Chance(200);
        for (int i = 0; i < s_kinds; i++)
        {
            plan._perMille[i] = isGentle && IsHarmful((Fault)i) ? 0 : prng.Below(3) switch
            {
                0 => 0,
                1 => prng.Between(1, 30),
                _ => prng.Between(30, Ceiling((Fault)i)),
            };
        }
        return plan;
    }

    /// <summary>Beyond these a run shows nothing but the fault.</summary>
    private static int Ceiling(Fault fault) => fault switch
    {
        Fault.Reset => 35,
        Fault.ResetByPeer or Fault.EndedWithoutClose => 100,
        Fault.PeerVanished => 40,
        Fault.LoopStalled => 40,
        Fault.BytesDelayed => 200,
        Fault.TurnSpurious or Fault.WakeSpurious => 200,
        _ => 500,
    };
}

/// <summary>Lets faults strike by plan, and counts them.</summary>
internal sealed class Faults(FaultPlan plan, Prng prng)
{
    private readonly long[] _fired = new long[Enum.GetValues<Fault>().Length];

    /// <summary>From now on nothing fails: what was broken must heal.</summary>
    public bool Over { get; set; }

    /// <summary>How often each fault was injected, by its number.</summary>
    public ReadOnlySpan<long> Fired => _fired;

    public long this[Fault fault] => _fired[(int)fault];

    /// <summary>Whether a fault struck that may have cost a connection.</summary>
    public bool HaveHarmed { get; private set; }

    public bool Strikes(Fault fault)
    {
        int perMille = plan[fault];
        if (Over || perMille == 0 || !prng.Chance(perMille))
        {
            return false;
        }
        _fired[(int)fault]++;
        HaveHarmed |= FaultPlan.IsHarmful(fault);
        return true;
    }
}
