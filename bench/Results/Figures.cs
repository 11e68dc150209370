using System.Globalization;

namespace Sluice.Bench.Results;

/// <summary>How numbers are written in tables and charts.</summary>
internal static class Figures
{
    /// <summary>Three digits or so, and thousands apart.</summary>
    internal static string Text(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 0.1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("0.0000", CultureInfo.InvariantCulture),
    };

    /// <summary>Such as "at most 1.15 x C send loop".</summary>
    internal static string Text(Target target, string unit)
    {
        string bound = target.IsFloor ? "at least" : "at most";
        return target.Of is null
            ? $"{bound} {Bound(target.Value)} {unit}"
            : $"{bound} {(target.Value == 1 ? "" : $"{Bound(target.Value)} x ")}{target.Of}";
    }

    /// <summary>The median, and the least and the most if there are several.</summary>
    internal static string Spread(double[] values) =>
        values.Length == 1 ? $"**{Text(values[0])}**" : $"**{Text(Statistics.Median(values))}** ({Text(values.Min())} to {Text(values.Max())})";

    private static string Bound(double value) => value.ToString("#,0.##", CultureInfo.InvariantCulture);
}
