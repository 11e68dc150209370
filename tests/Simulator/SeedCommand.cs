using System.Diagnostics;
using System.Globalization;

namespace Sluice.Simulator;

/// <summary>The command line: <c>--seeds N [--from N]</c> runs many, <c>--seed N [--trace]</c> one.</summary>
internal static class SeedCommand
{
    private const int FailuresShownMax = 10;

    public static int Run(string[] args)
    {
        bool one = args.Contains("--seed");
        ulong first = ValueOf(args, one ? "--seed" : "--from", 1);
        ulong count = one ? 1 : ValueOf(args, "--seeds", 1);
        TextWriter? live = args.Contains("--trace") ? Console.Out : null;
        long started = Stopwatch.GetTimestamp();
        Tally tally = new();
        foreach (Run run in Runs(first, count, live))
        {
            tally.Add(run);
            if (run.Finding is not null)
            {
                Console.WriteLine(run.Report);
            }
            if (tally.Failed == FailuresShownMax)
            {
                break;
            }
        }
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Console.Write(tally);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tally.Runs} seeds from {first} in {took.TotalSeconds:0.0} s, {tally.Runs / took.TotalSeconds:0} a second: {tally.Failed} failed"));
        return tally.Failed == 0 ? 0 : 1;
    }

    // Seeds know nothing of each other, so each processor plays some; their order is the seeds'.
    private static IEnumerable<Run> Runs(ulong first, ulong count, TextWriter? live)
    {
        IEnumerable<ulong> seeds = Enumerable.Range(0, checked((int)count)).Select(i => first + (ulong)i);
        return live is not null
            ? seeds.Select(seed => Simulator.Run.Of(seed, live: live))
            : seeds.AsParallel().AsOrdered().WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(seed => Simulator.Run.Of(seed));
    }

    private static ulong ValueOf(string[] args, string option, ulong otherwise)
    {
        int at = Array.IndexOf(args, option);
        return at >= 0 && at + 1 < args.Length ? ulong.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
