using System.Buffers.Binary;

namespace Sluice.Protocol;

/// <summary>The bits of a piece of input, first bit lowest, behind what the last piece left.</summary>
/// <remarks>Whoever takes bits asks first whether there are so many; if not, the whole input is in the buffer by then, so a
/// code that the end of a piece divides waits in it for the next piece.</remarks>
internal ref struct BitReader
{
    private const int BufferBitsMax = 63;

    internal readonly ReadOnlySpan<byte> Input;

    /// <summary>How many bytes of the input are in the buffer or used up.</summary>
    internal int At;

    /// <summary>The next <see cref="Count"/> bits; zeros above.</summary>
    internal ulong Bits;
    internal int Count;

    internal BitReader(ReadOnlySpan<byte> input, ulong bits, int count)
    {
        Input = input;
        Bits = bits;
        Count = count;
    }

    internal readonly ReadOnlySpan<byte> Rest => Input[At..];

    /// <summary>Brings the buffer to 56 bits or more, or to all there are.</summary>
    internal void Fill()
    {
        if (Input.Length - At >= sizeof(ulong))
        {
            Bits |= BinaryPrimitives.ReadUInt64LittleEndian(Input[At..]) << Count;
            At += (BufferBitsMax - Count) >> 3;
            Count |= BufferBitsMax - 7;
            Bits &= (1UL << Count) - 1;
            return;
        }
        while (Count <= BufferBitsMax - 8 && At < Input.Length)
        {
            Bits |= (ulong)Input[At++] << Count;
            Count += 8;
        }
    }

    internal bool Has(int count)
    {
        if (Count < count)
        {
            Fill();
        }
        return Count >= count;
    }

    internal int Take(int count)
    {
        int value = (int)(Bits & ((1UL << count) - 1));
        Drop(count);
        return value;
    }

    internal void Drop(int count)
    {
        Bits >>= count;
        Count -= count;
    }

    internal void AlignToByte() => Drop(Count & 7);
}
