using System.Numerics;

namespace Sluice.Bench.Loads;

/// <summary>Counts of latencies in buckets whose width grows with the value, so that each is known to 1.6 % (as in HdrHistogram).</summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6; // buckets for each power of two

    private readonly long[] _counts = new long[(64 - SubBits + 1) << SubBits];

    internal long Count { get; private set; }

    internal void Add(long nanoseconds)
    {
        _counts[IndexOf(Math.Max(nanoseconds, 0))]++;
        Count++;
    }

    internal void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>The latency in milliseconds that a share of all do not exceed, the upper end of its bucket.</summary>
    internal double MillisecondsAt(double share)
    {
        long left = Math.Max((long)Math.Ceiling(Count * share), 1);
        for (int i = 0; i < _counts.Length; i++)
        {
            left -= _counts[i];
            if (left <= 0)
            {
                return UpperEnd(i) / 1e6;
            }
        }
        return 0;
    }

    // Below 2^SubBits a value is its own bucket; above, its upper SubBits + 1 bits and its size are.
    private static int IndexOf(long value)
    {
        int shift = Math.Max(BitOperations.Log2((ulong)value | 1) - SubBits, 0);
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static double UpperEnd(int index)
    {
        int shift = Math.Max((index >> SubBits) - 1, 0);
        long top = index - ((long)shift << SubBits);
        return (double)(top + 1) * Math.Pow(2, shift);
    }
}
