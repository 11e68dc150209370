namespace Sluice.Fuzz;

/// <summary>A parser with a bug, which chance alone would not find in a lifetime: shows that branches are measured, and that what is
/// measured leads on.</summary>
internal sealed class CanaryTarget() : Target("canary")
{
    /// <summary>Within so many inputs it must be found.</summary>
    public const int ExecutionsMax = 500_000;

    /// <inheritdoc/>
    public override int InputBytesMax => 32;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => [[0, 0, 0, 0, 0, 0]];

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input) => Oracle.Holds(!CanaryParser.Sings(input), "The canary is silent.");
}

/// <summary>Six bytes that must all be right, each with a branch of its own: one input in 280 million million.</summary>
internal static class CanaryParser
{
    /// <summary>Whether they are.</summary>
    public static bool Sings(ReadOnlySpan<byte> input) => input.Length >= 6
        && input[0] == 't' && input[1] == 'w' && input[2] == 'e' && input[3] == 'e' && input[4] == 't' && input[5] == '\x07';
}
