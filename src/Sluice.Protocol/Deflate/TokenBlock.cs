using System.Numerics;

namespace Sluice.Protocol;

/// <summary>The literals and matches of the block that is being put together, and how often each symbol comes.</summary>
internal sealed class TokenBlock
{
    /// <summary>More tell a code no more about what comes.</summary>
    internal const int TokensMax = 16 * 1024;

    private const int DistanceShift = 9;

    private static readonly byte[] s_lengthSymbols = LengthSymbols();

    private readonly uint[] _tokens = new uint[TokensMax]; // a distance above, a length or (distance 0) a literal below
    private readonly int[] _literals = new int[DeflateFormat.LiteralSymbols];
    private readonly int[] _distances = new int[DeflateFormat.DistanceSymbols];
    private int _count;

    internal bool IsFull => _count == TokensMax;

    /// <summary>How many bytes of the message the block stands for.</summary>
    internal int Bytes { get; private set; }

    /// <summary>The largest distance of a match, or 0.</summary>
    internal int DistanceMax { get; private set; }

    /// <summary>How often each literal and length comes; the end of the block once.</summary>
    internal ReadOnlySpan<int> Literals => _literals;

    internal ReadOnlySpan<int> Distances => _distances;

    /// <summary>How many extra bits follow the codes, whichever these are.</summary>
    internal int ExtraBits
    {
        get
        {
            int bits = 0;
            for (int i = 0; i < DeflateFormat.LengthExtraBits.Length; i++)
            {
                bits += _literals[DeflateFormat.FirstLengthSymbol + i] * DeflateFormat.LengthExtraBits[i];
            }
            for (int i = 0; i < DeflateFormat.DistanceExtraBits.Length; i++)
            {
                bits += _distances[i] * DeflateFormat.DistanceExtraBits[i];
            }
            return bits;
        }
    }

    internal void Clear()
    {
        _literals.AsSpan().Clear();
        _distances.AsSpan().Clear();
        _literals[DeflateFormat.EndOfBlock] = 1;
        _count = 0;
        Bytes = 0;
        DistanceMax = 0;
    }

    internal void AddLiteral(byte value)
    {
        _tokens[_count++] = value;
        _literals[value]++;
        Bytes++;
    }

    internal void AddMatch(int length, int distance)
    {
        _tokens[_count++] = ((uint)distance << DistanceShift) | (uint)length;
        _literals[DeflateFormat.FirstLengthSymbol + s_lengthSymbols[length]]++;
        _distances[DistanceSymbol(distance)]++;
        Bytes += length;
        DistanceMax = Math.Max(DistanceMax, distance);
    }

    /// <summary>Writes the tokens and the end of the block.</summary>
    internal void Write(ref BitWriter writer, HuffmanCode literals, HuffmanCode distances)
    {
        foreach (uint token in _tokens.AsSpan(0, _count))
        {
            int distance = (int)(token >> DistanceShift);
            if (distance == 0)
            {
                literals.Write(ref writer, (int)token);
            }
            else
            {
                int length = (int)token & ((1 << DistanceShift) - 1);
                int symbol = s_lengthSymbols[length];
                literals.Write(ref writer, DeflateFormat.FirstLengthSymbol + symbol);
                writer.Write((uint)(length - DeflateFormat.LengthStart[symbol]), DeflateFormat.LengthExtraBits[symbol]);
                symbol = DistanceSymbol(distance);
                distances.Write(ref writer, symbol);
                writer.Write((uint)(distance - DeflateFormat.DistanceStart[symbol]), DeflateFormat.DistanceExtraBits[symbol]);
            }
            writer.Flush();
        }
        literals.Write(ref writer, DeflateFormat.EndOfBlock);
        writer.Flush();
    }

    // Two symbols for each power of two: distance - 1 by its highest bit and the one below.
    private static int DistanceSymbol(int distance)
    {
        int value = distance - 1;
        if (value < 2)
        {
            return value;
        }
        int high = BitOperations.Log2((uint)value);
        return (2 * high) + ((value >> (high - 1)) & 1);
    }

    private static byte[] LengthSymbols()
    {
        byte[] symbols = new byte[DeflateFormat.MatchBytesMax + 1];
        for (int symbol = 0; symbol < DeflateFormat.LengthStart.Length; symbol++)
        {
            symbols.AsSpan(DeflateFormat.LengthStart[symbol]).Fill((byte)symbol);
        }
        return symbols;
    }
}
