namespace Sluice.Protocol;

/// <summary>Writes a block in whichever of the three ways takes the fewest bits.</summary>
internal sealed class BlockWriter
{
    private const int HeaderBits = 3;

    private static readonly HuffmanCode s_fixedLiterals = new(DeflateFormat.FixedLiteralLengths());
    private static readonly HuffmanCode s_fixedDistances = new(DeflateFormat.FixedDistanceLengths());

    private readonly HuffmanCode _literals = new(DeflateFormat.LiteralSymbols, DeflateFormat.CodeBitsMax);
    private readonly HuffmanCode _distances = new(DeflateFormat.DistanceSymbols, DeflateFormat.CodeBitsMax);
    private readonly DynamicHeader _header = new();

    /// <summary>Writes a block.</summary>
    /// <param name="writer">Where to; flushed before and after.</param>
    /// <param name="block">The block as tokens.</param>
    /// <param name="plain">The block as bytes.</param>
    /// <returns>How far back it reaches.</returns>
    internal int Write(ref BitWriter writer, TokenBlock block, ReadOnlySpan<byte> plain)
    {
        int fixedBits = s_fixedLiterals.Cost(block.Literals) + s_fixedDistances.Cost(block.Distances);
        _literals.ChooseLengths(block.Literals);
        _distances.ChooseLengths(block.Distances);
        int dynamicBits = _literals.Cost(block.Literals) + _distances.Cost(block.Distances) + _header.Prepare(_literals, _distances);
        int storedBits = StoredBits(writer.Bits, plain.Length);
        if (storedBits <= Math.Min(fixedBits, dynamicBits) + block.ExtraBits)
        {
            WriteStored(ref writer, plain);
            return 0;
        }
        if (fixedBits <= dynamicBits)
        {
            WriteHeader(ref writer, BlockType.Fixed);
            block.Write(ref writer, s_fixedLiterals, s_fixedDistances);
        }
        else
        {
            WriteHeader(ref writer, BlockType.Dynamic);
            _header.Write(ref writer);
            _literals.AssignCodes();
            _distances.AssignCodes();
            block.Write(ref writer, _literals, _distances);
        }
        return block.DistanceMax;
    }

    /// <summary>Writes an empty stored block but for its length: where the peer stops reading it, it stands at the beginning of a byte
    /// and at the end of a block (RFC 7692, 7.2.1).</summary>
    internal static void WriteEnd(ref BitWriter writer)
    {
        WriteHeader(ref writer, BlockType.Stored);
        writer.AlignToByte();
    }

    private static void WriteHeader(ref BitWriter writer, BlockType type) => writer.Write((uint)type << 1, HeaderBits);

    // Beyond the header of the block, which all have: the padding, and the length of each part.
    private static int StoredBits(int bitsBefore, int bytes)
    {
        int parts = Math.Max(1, (bytes + DeflateFormat.StoredBytesMax - 1) / DeflateFormat.StoredBytesMax);
        int padding = -(bitsBefore + HeaderBits) & 7;
        return padding + ((parts - 1) * 8) + (parts * 32) + (bytes * 8);
    }

    private static void WriteStored(ref BitWriter writer, ReadOnlySpan<byte> plain)
    {
        while (!plain.IsEmpty)
        {
            int count = Math.Min(plain.Length, DeflateFormat.StoredBytesMax);
            WriteHeader(ref writer, BlockType.Stored);
            writer.AlignToByte();
            writer.Write((uint)count | ((uint)(ushort)~count << 16), 32);
            writer.Flush();
            writer.Write(plain[..count]);
            plain = plain[count..];
        }
    }
}
