using System.Diagnostics.CodeAnalysis;

namespace Sluice.Simulator;

/// <summary>What became of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Digest">Over everything that happened.</param>
/// <param name="Events">How many events that was.</param>
/// <param name="Finding">What was wrong; null if nothing was.</param>
/// <param name="LastEvents">What had happened before it.</param>
/// <param name="Fired">How often each fault was injected.</param>
/// <param name="Reached">How often each milestone came about.</param>
/// <param name="Checked">How many publications were held against what was published.</param>
internal sealed record Run(ulong Seed, ulong Digest, long Events, string? Finding, IReadOnlyList<string> LastEvents, long[] Fired, long[] Reached, long Checked)
{
    /// <summary>The finding for whoever has to find its cause.</summary>
    public string Report => string.Join(Environment.NewLine,
        [.. LastEvents, $"seed {Seed}: {Finding}", $"replay: dotnet run --project tests/Simulator -c Release -- --seed {Seed} --trace"]);

    [SuppressMessage("Design", "CA1031", Justification = "Whatever is thrown is a finding of this seed.")]
    public static Run Of(ulong seed, Canary? canary = null, FaultPlan? plan = null, TextWriter? live = null)
    {
        World world = new(seed, plan, live);
        Scenario? scenario = null;
        string? finding = null;
        try
        {
            scenario = new Scenario(world, canary ?? Canary.None);
            scenario.Play();
        }
        catch (Violation violation)
        {
            finding = violation.Message;
        }
        catch (Exception e)
        {
            finding = e.ToString();
        }
        return new Run(seed, world.Trace.Digest, world.Trace.Count, finding, finding is null ? [] : world.Trace.LastLines(),
            world.Faults.Fired.ToArray(), world.Reached.ToArray(), scenario?.Oracle.CheckedTotal ?? 0);
    }
}
