using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>How often something may happen.</summary>
/// <param name="PerSecond">In the long run; 0: as often as one likes.</param>
/// <param name="Burst">At once, after a rest.</param>
internal readonly record struct Rate(int PerSecond, int Burst)
{
    private const long MicrosPerSecond = 1_000_000;

    public bool IsLimited => PerSecond > 0;

    public long IntervalMicros => MicrosPerSecond / PerSecond;

    /// <summary>How many whole seconds pass until one more is allowed, at least one.</summary>
    public int RetryAfterSeconds => (int)Math.Max(1, (IntervalMicros + MicrosPerSecond - 1) / MicrosPerSecond);
}

/// <summary>What is left of a <see cref="Rate"/>, in eight bytes: the time at which everything is allowed again.</summary>
/// <remarks>Each taking puts that time off by one interval, from now on at least; it may lie a burst of intervals ahead (the
/// generic cell rate algorithm). So there is nothing to refill, and a bucket whose time has passed is as good as none.</remarks>
internal struct TokenBucket
{
    private const long MicrosPerMs = 1_000;

    private long _fullAtMicros;

    /// <summary>Takes one, if it is there. <paramref name="rate"/> must be limited, and the same every time.</summary>
    public bool TryTake(long nowMs, Rate rate)
    {
        Invariant.Check(rate.IsLimited, "a bucket has a rate");
        long now = nowMs * MicrosPerMs;
        long fullAt = Math.Max(_fullAtMicros, now) + rate.IntervalMicros;
        if (fullAt - now > rate.IntervalMicros * Math.Max(1, rate.Burst))
        {
            return false;
        }
        _fullAtMicros = fullAt;
        return true;
    }

    /// <summary>When it is full again.</summary>
    public readonly long FullAtMs => (_fullAtMicros + MicrosPerMs - 1) / MicrosPerMs;
}
