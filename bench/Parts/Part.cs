using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>What can be measured alone.</summary>
/// <param name="Name">As on the command line, in the results and on the page.</param>
/// <param name="Measure">Measures it.</param>
internal sealed record Part(string Name, Func<Settings, IEnumerable<Row>> Measure);

/// <summary>How to measure.</summary>
/// <param name="Root">The bench's directory.</param>
/// <param name="IsQuick">One round of everything, and short: to see that it works.</param>
internal sealed record Settings(string Root, bool IsQuick)
{
    internal ServerCommands Servers { get; } = new(Root);

    /// <summary>So many, or one.</summary>
    internal int Rounds(int normally) => IsQuick ? 1 : normally;

    /// <summary>So much, or a tenth.</summary>
    internal int Amount(int normally) => IsQuick ? Math.Max(normally / 10, 1) : normally;
}
