namespace Sluice.Protocol;

/// <summary>The codes of a dynamic block as they are sent before it: their lengths, with runs shortened, in a code of its own
/// (RFC 1951, 3.2.7).</summary>
internal sealed class DynamicHeader
{
    private const int CountBits = 5 + 5 + 4;

    private readonly HuffmanCode _code = new(DeflateFormat.CodeLengthSymbols, DeflateFormat.CodeLengthBitsMax);
    private readonly int[] _frequencies = new int[DeflateFormat.CodeLengthSymbols];
    private readonly byte[] _lengths = new byte[DeflateFormat.LiteralSymbols + DeflateFormat.DistanceSymbols];
    private readonly ushort[] _items = new ushort[DeflateFormat.LiteralSymbols + DeflateFormat.DistanceSymbols]; // a symbol, its extra bits above
    private int _itemCount;
    private int _literalCount;
    private int _distanceCount;
    private int _codeLengthCount;

    /// <summary>Puts the header of these codes together.</summary>
    /// <returns>How many bits it has.</returns>
    internal int Prepare(HuffmanCode literals, HuffmanCode distances)
    {
        _literalCount = literals.UsedSymbols;
        _distanceCount = Math.Max(distances.UsedSymbols, 1);
        literals.Lengths[.._literalCount].CopyTo(_lengths);
        distances.Lengths[.._distanceCount].CopyTo(_lengths.AsSpan(_literalCount));
        _frequencies.AsSpan().Clear();
        _itemCount = 0;
        ReadOnlySpan<byte> rest = _lengths.AsSpan(0, _literalCount + _distanceCount);
        while (!rest.IsEmpty)
        {
            int run = rest.IndexOfAnyExcept(rest[0]);
            run = run < 0 ? rest.Length : run;
            AddRun(rest[0], run);
            rest = rest[run..];
        }
        _code.ChooseLengths(_frequencies);
        _codeLengthCount = DeflateFormat.CodeLengthSymbols;
        while (_codeLengthCount > 4 && _code.Lengths[DeflateFormat.CodeLengthOrder[_codeLengthCount - 1]] == 0)
        {
            _codeLengthCount--;
        }
        int bits = CountBits + (3 * _codeLengthCount) + _code.Cost(_frequencies);
        for (int symbol = DeflateFormat.RepeatPrevious; symbol <= DeflateFormat.RepeatZeroOften; symbol++)
        {
            bits += _frequencies[symbol] * DeflateFormat.RepeatExtraBits[symbol - DeflateFormat.RepeatPrevious];
        }
        return bits;
    }

    /// <summary>Writes what was prepared.</summary>
    internal void Write(ref BitWriter writer)
    {
        _code.AssignCodes();
        writer.Write((uint)(_literalCount - DeflateFormat.FirstLengthSymbol), 5);
        writer.Write((uint)(_distanceCount - 1), 5);
        writer.Write((uint)(_codeLengthCount - 4), 4);
        foreach (byte symbol in DeflateFormat.CodeLengthOrder[.._codeLengthCount])
        {
            writer.Flush();
            writer.Write(_code.Lengths[symbol], 3);
        }
        foreach (ushort item in _items.AsSpan(0, _itemCount))
        {
            writer.Flush();
            int symbol = (byte)item;
            _code.Write(ref writer, symbol);
            if (symbol >= DeflateFormat.RepeatPrevious)
            {
                writer.Write((uint)item >> 8, DeflateFormat.RepeatExtraBits[symbol - DeflateFormat.RepeatPrevious]);
            }
        }
        writer.Flush();
    }

    private void AddRun(byte length, int count)
    {
        if (length != 0 && count > 0)
        {
            Add(length, 0);
            count--;
        }
        while (count >= 3)
        {
            (int symbol, int most) = length != 0 ? (DeflateFormat.RepeatPrevious, 6)
                : count <= 10 ? (DeflateFormat.RepeatZero, 10)
                : (DeflateFormat.RepeatZeroOften, 138);
            int taken = Math.Min(count, most);
            Add(symbol, taken - DeflateFormat.RepeatStart[symbol - DeflateFormat.RepeatPrevious]);
            count -= taken;
        }
        for (; count > 0; count--)
        {
            Add(length, 0);
        }
    }

    private void Add(int symbol, int extra)
    {
        _items[_itemCount++] = (ushort)(symbol | (extra << 8));
        _frequencies[symbol]++;
    }
}
