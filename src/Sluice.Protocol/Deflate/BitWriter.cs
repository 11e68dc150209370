using System.Buffers.Binary;

namespace Sluice.Protocol;

/// <summary>Writes bits into bytes, first bit lowest.</summary>
/// <remarks>Between <see cref="Flush"/>es at most 56 bits. The destination has room for <see cref="SlackBytes"/> more than is
/// written, since it is written in words.</remarks>
internal ref struct BitWriter
{
    internal const int SlackBytes = sizeof(ulong);

    private readonly Span<byte> _destination;
    private ulong _bits;

    internal BitWriter(Span<byte> destination) => _destination = destination;

    /// <summary>How many whole bytes are written.</summary>
    internal int Bytes { get; private set; }

    /// <summary>How many bits are not flushed; after a flush, those of the last byte, which is not full.</summary>
    internal int Bits { get; private set; }

    internal void Write(uint value, int count)
    {
        _bits |= (ulong)value << Bits;
        Bits += count;
    }

    internal void Flush()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_destination[Bytes..], _bits);
        Bytes += Bits >> 3;
        _bits >>= Bits & ~7;
        Bits &= 7;
    }

    internal void AlignToByte()
    {
        Bits = (Bits + 7) & ~7;
        Flush();
    }

    /// <summary>Writes whole bytes behind a whole byte.</summary>
    internal void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_destination[Bytes..]);
        Bytes += bytes.Length;
    }
}
