using System.Globalization;
using System.Text;

namespace Sluice.Simulator;

/// <summary>What many runs came to together.</summary>
internal sealed class Tally
{
    private readonly long[] _fired = new long[Enum.GetValues<Fault>().Length];
    private readonly long[] _reached = new long[Enum.GetValues<Milestone>().Length];
    private ulong _digest;
    private long _events;
    private long _checked;

    public int Runs { get; private set; }

    public int Failed { get; private set; }

    public long this[Fault fault] => _fired[(int)fault];

    public long this[Milestone milestone] => _reached[(int)milestone];

    public void Add(Run run)
    {
        Runs++;
        Failed += run.Finding is null ? 0 : 1;
        _digest = (_digest * 31) + run.Digest;
        _events += run.Events;
        _checked += run.Checked;
        AddTo(_fired, run.Fired);
        AddTo(_reached, run.Reached);
    }

    public override string ToString()
    {
        StringBuilder text = new();
        foreach (Fault fault in Enum.GetValues<Fault>())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{this[fault],12} x {fault}");
        }
        foreach (Milestone milestone in Enum.GetValues<Milestone>())
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{this[milestone],12} times {milestone}");
        }
        return text.AppendLine(CultureInfo.InvariantCulture, $"{_events} events, {_checked} publications checked, digest {_digest:x16}").ToString();
    }

    private static void AddTo(long[] sums, long[] more)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            sums[i] += more[i];
        }
    }
}
