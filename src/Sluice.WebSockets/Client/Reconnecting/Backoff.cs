namespace Sluice.WebSockets;

/// <summary>How long to wait before the next attempt: exponential with full jitter, so that clients which lost their server at the
/// same moment do not return at the same moment.</summary>
/// <param name="MinMs">The bound of the first wait. It doubles with every attempt that fails.</param>
/// <param name="MaxMs">The bound that is never exceeded.</param>
public readonly record struct Backoff(int MinMs, int MaxMs)
{
    private const int DoublingsMax = 30;

    /// <summary>A wait in milliseconds, evenly distributed below the bound.</summary>
    /// <param name="failures">How many attempts in a row have failed, 1 or more.</param>
    /// <param name="random">The die.</param>
    public int DelayMs(int failures, Random random)
    {
        double bound = Math.Min(MaxMs, MinMs * Math.Pow(2, Math.Clamp(failures - 1, 0, DoublingsMax)));
        return (int)(random.NextDouble() * bound);
    }
}
