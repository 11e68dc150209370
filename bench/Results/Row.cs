namespace Sluice.Bench.Results;

/// <summary>One thing that was measured: a work under a load, of one or more servers, with what it must show.</summary>
/// <param name="Work">What was done, such as "echo 64 B, pipeline 1".</param>
/// <param name="Load">By whom and how much.</param>
/// <param name="Unit">Of every value.</param>
/// <param name="Series">The first is of the one that the targets are about.</param>
/// <param name="Targets">Some rows state a figure only.</param>
internal sealed record Row(string Work, string Load, string Unit, Series[] Series, params Target[] Targets)
{
    /// <summary>The series of a name; there is one.</summary>
    public Series Of(string name) => Series.First(series => series.Name == name);

    /// <summary>What a target is compared with: the first series, or its paired ratios to another.</summary>
    public double[] Judged(Target target) => target.Of is null ? Series[0].Values : Series[0].RatiosTo(Of(target.Of));

    /// <summary>Whether the median keeps to it.</summary>
    public bool Meets(Target target)
    {
        double median = Statistics.Median(Judged(target));
        return target.IsFloor ? median >= target.Value : median <= target.Value;
    }
}

/// <summary>Every value of one server, or of one moment, in the order of measuring.</summary>
/// <param name="Name">Whose.</param>
/// <param name="Values">Those with the same index in two series of a row were measured one after the other: a pair.</param>
internal sealed record Series(string Name, params double[] Values)
{
    /// <summary>Of each pair; what both share (the machine's mood) falls out.</summary>
    public double[] RatiosTo(Series other) => [.. Values.Zip(other.Values, static (first, second) => first / second)];
}

/// <summary>A bound on a row's first series.</summary>
/// <param name="Value">The most it may be, or the least.</param>
/// <param name="Of">The series of which it is a multiple; null for a bound in the row's unit.</param>
/// <param name="IsFloor">Whether it is the least.</param>
internal sealed record Target(double Value, string? Of = null, bool IsFloor = false);

internal static class Statistics
{
    internal static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
