namespace Sluice.Fuzz;

/// <summary>SplitMix64: the same numbers from the same seed, on every version of the runtime.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Any number.</summary>
    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)(Next() % (uint)bound);

    /// <summary>A number from 1 to <paramref name="max"/>, each half as likely as half of it.</summary>
    public int Small(int max) => 1 + Below(Math.Max(1, Below(max) + 1));

    /// <summary>One of them.</summary>
    public T Of<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];
}
