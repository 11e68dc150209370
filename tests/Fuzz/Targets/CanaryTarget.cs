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

/// <summary>Eight bytes that must all be right, each told by a branch.</summary>
internal static class CanaryParser
{
    /// <summary>Whether they are.</summary>
    public static bool Sings(ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> song = "Tweet\0!?"u8;
        if (input.Length < song.Length)
        {
            return false;
        }
        for (int i = 0; i < song.Length; i++)
        {
            if (input[i] != song[i])
            {
                return false;
            }
        }
        return true;
    }
}
