using System.Diagnostics;
using System.Globalization;

namespace Sluice.Fuzz;

/// <summary>The command: runs the targets one after the other and says what was found.</summary>
public static class FuzzCommand
{
    private static readonly InputStore s_store = new();

    /// <summary>Runs it.</summary>
    /// <returns>0 if every rule was kept, 1 if one was not, 2 if the arguments are not understood.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        Coverage.Attach();
        try
        {
            FuzzOptions options = FuzzOptions.Parse(args);
            return options.Replay is string file ? Replay(file) : RunTargets(options);
        }
        catch (FormatException wrong)
        {
            Console.Error.WriteLine($"{wrong.Message}\n\n{FuzzOptions.Usage}");
            return 2;
        }
    }

    private static int Replay(string file)
    {
        Target target = Named(Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file)))!);
        try
        {
            target.Run(File.ReadAllBytes(file));
        }
        catch (OracleException broken)
        {
            Console.WriteLine($"{target.Name}: {broken}");
            return 1;
        }
        Console.WriteLine($"{target.Name}: every rule was kept");
        return 0;
    }

    private static int RunTargets(FuzzOptions options)
    {
        Target[] targets = options.Target == "all" ? Targets.All : [Named(options.Target)];
        int failed = targets.Count(target => !RunOne(target, options, options.Seconds / (double)targets.Length));
        failed += FindsCanary(options) ? 0 : 1;
        Console.WriteLine($"{targets.Length + 1 - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }

    // Whether every rule was kept.
    private static bool RunOne(Target target, FuzzOptions options, double seconds)
    {
        byte[]? deadly = s_store.RunningFiles(target).Select(Watchdog.TakeLast).FirstOrDefault(static input => input is not null);
        if (deadly is not null)
        {
            Console.WriteLine($"{target.Name}: a run before this one died; replay: {InputStore.ReplayCommand(s_store.SaveCrash(target, deadly))}");
            return false;
        }
        using Watchdog watchdog = new(s_store.RunningFile(target));
        FuzzLoop loop = new(target, options.Seed, watchdog);
        long started = Stopwatch.GetTimestamp();
        loop.Replay(s_store.Vectors(target));
        loop.Replay(target.Seeds);
        loop.Replay(s_store.Corpus(target));
        long executions = options.Ci ? target.CiExecutions : options.Executions;
        while (!loop.Full && (executions > 0 ? loop.Executions < executions : Stopwatch.GetElapsedTime(started).TotalSeconds < seconds))
        {
            loop.Step();
        }
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target.Name,-16} {loop.Executions,9} executions {loop.Executions / took.TotalSeconds,7:0} a second " +
            $"{loop.Corpus.Edges,6} edges {loop.Corpus.Count,5} inputs {loop.Findings.Count,3} findings"));
        foreach (Finding finding in loop.Findings)
        {
            Console.WriteLine($"{target.Name}: {finding.Error}\n  replay: {InputStore.ReplayCommand(s_store.SaveCrash(target, finding.Input))}");
        }
        if (options.Keep)
        {
            s_store.SaveCorpus(target, loop.Minimise(InputStore.CorpusFilesMax, InputStore.CorpusFileBytesMax));
        }
        return loop.Findings.Count == 0;
    }

    // A run that could find nothing is worth nothing.
    private static bool FindsCanary(FuzzOptions options)
    {
        CanaryTarget canary = new();
        using Watchdog watchdog = new(s_store.RunningFile(canary));
        FuzzLoop loop = new(canary, options.Seed, watchdog);
        loop.Replay(canary.Seeds);
        while (loop.Findings.Count == 0 && loop.Executions < CanaryTarget.ExecutionsMax)
        {
            loop.Step();
        }
        bool found = loop.Findings.Count > 0;
        string verdict = found ? "it is found" : "it is NOT found: branches are not measured, or lead nowhere";
        Console.WriteLine($"{canary.Name,-16} {loop.Executions,9} executions, and {verdict}");
        return found;
    }

    private static Target Named(string name) =>
        Array.Find(Targets.All, target => target.Name == name)
        ?? throw new FormatException($"\"{name}\" is no target; they are {string.Join(", ", Targets.All.Select(static target => target.Name))}");
}
