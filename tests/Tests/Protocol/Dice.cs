namespace Sluice.Tests.Protocol;

/// <summary>SplitMix64: the same numbers from the same seed, on every version of the runtime.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A number from 0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)(Next() % (uint)bound);

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    public byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        foreach (ref byte b in bytes.AsSpan())
        {
            b = (byte)Next();
        }
        return bytes;
    }
}
