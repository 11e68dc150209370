using System.Diagnostics.CodeAnalysis;

namespace Sluice.Simulator;

/// <summary>What became of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Digest">Over everything that happened.</param>
/// <param name="Events">How many events that was.</param>
/// <param name="Failure">What was wrong, with the last events before it; null if nothing was.</param>
/// <param name="Fired">How often each fault was injected.</param>
/// <param name="Reached">How often each milestone came about.</param>
/// <param name="Checked">How many publications were held against what was published.</param>
internal sealed record Run(ulong Seed, ulong Digest, long Events, string? Failure, long[] Fired, long[] Reached, long Checked)
{
    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is a finding of this seed.")]
    public static Run Of(ulong seed, Canary? canary = null, FaultPlan? plan = null, TextWriter? live = null)
    {
        World world = new(seed, plan, live);
        Scenario? scenario = null;
        string? failure = null;
        try
        {
            scenario = new Scenario(world, canary ?? Canary.None);
            scenario.Play();
        }
        catch (Exception e)
        {
            failure = Describe(seed, world, e);
        }
        return new Run(seed, world.Trace.Digest, world.Trace.Count, failure, world.Faults.Fired.ToArray(), world.Reached.ToArray(), scenario?.Oracle.CheckedTotal ?? 0);
    }

    private static string Describe(ulong seed, World world, Exception e)
    {
        string what = e is Violation ? e.Message : e.ToString();
        return string.Join(Environment.NewLine,
            [.. world.Trace.LastLines(), $"seed {seed} at {world.Now} ms: {what}", $"replay: dotnet run --project tests/Simulator -c Release -- --seed {seed} --trace"]);
    }
}
