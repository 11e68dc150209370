using System.Numerics;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>A loop's spare byte arrays, by powers of two; nothing is held by an idle connection.</summary>
/// <remarks>One loop owns it. Contents are undefined; a debugging pool overwrites what comes back, so that a use
/// after the return shows.</remarks>
/// <param name="overwritesReturned">Whether returned arrays are filled with noise (the simulator's way).</param>
public sealed class Buffers(bool overwritesReturned = false)
{
    private const int SmallestBits = 8;
    private const int LargestBits = 20;
    private const int SpareBytesMax = 1 << 20; // per size

    private readonly Stack<byte[]>[] _spare = Enumerable.Range(SmallestBits, LargestBits - SmallestBits + 1).Select(_ => new Stack<byte[]>()).ToArray();

    /// <summary>How many arrays are out.</summary>
    public int RentedCount { get; private set; }

    /// <summary>How many bytes they have together, and what was added by <see cref="Charge"/>.</summary>
    public long RentedBytes { get; private set; }

    /// <summary>Counts memory of another kind among <see cref="RentedBytes"/>, or, negative, no longer.</summary>
    public void Charge(long bytes)
    {
        RentedBytes += bytes;
        Invariant.Check(RentedBytes >= 0, "what was charged is taken off once");
    }

    /// <summary>Rents an array of at least <paramref name="bytesMin"/> bytes.</summary>
    public byte[] Rent(int bytesMin)
    {
        RentedCount++;
        int bits = Math.Max(SmallestBits, BitOperations.Log2((uint)Math.Max(bytesMin, 1) - 1) + 1);
        if (bits > LargestBits || !_spare[bits - SmallestBits].TryPop(out byte[]? array))
        {
            array = GC.AllocateUninitializedArray<byte>(bits > LargestBits ? bytesMin : 1 << bits);
        }
        RentedBytes += array.Length;
        return array;
    }

    /// <summary>Takes a rented array back.</summary>
    public void Return(byte[] array)
    {
        RentedCount--;
        RentedBytes -= array.Length;
        Invariant.Check(RentedCount >= 0 && RentedBytes >= 0, "an array is returned once");
        if (overwritesReturned)
        {
            array.AsSpan().Fill(0xDB);
        }
        int bits = BitOperations.Log2((uint)array.Length);
        if (bits <= LargestBits && BitOperations.IsPow2(array.Length))
        {
            Stack<byte[]> spare = _spare[bits - SmallestBits];
            if ((spare.Count + 1L) << bits <= SpareBytesMax)
            {
                spare.Push(array);
            }
        }
    }
}
