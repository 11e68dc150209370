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
        long[] fired = new long[Enum.GetValues<Fault>().Length];
        long events = 0;
        long comparisons = 0;
        int failures = 0;
        for (ulong seed = first; seed < first + count && failures < FailuresShownMax; seed++)
        {
            Run run = Simulator.Run.Of(seed, live: live);
            events += run.Events;
            comparisons += run.Checked;
            for (int i = 0; i < fired.Length; i++)
            {
                fired[i] += run.Fired[i];
            }
            if (run.Failure is { } failure)
            {
                failures++;
                Console.WriteLine(failure);
            }
        }
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count} seeds from {first} in {took.TotalSeconds:0.0} s ({count / took.TotalSeconds:0} a second): {events} events, {comparisons} publications checked, {failures} failed"));
        foreach (Fault fault in Enum.GetValues<Fault>())
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {fired[(int)fault],10} {fault}"));
        }
        return failures == 0 ? 0 : 1;
    }

    private static ulong ValueOf(string[] args, string option, ulong otherwise)
    {
        int at = Array.IndexOf(args, option);
        return at >= 0 && at + 1 < args.Length ? ulong.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
