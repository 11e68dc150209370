namespace Sluice.Fuzz;

/// <summary>A canonical code (RFC 1951, 3.2.2): codes of one length are consecutive numbers.</summary>
internal sealed class CanonicalCode
{
    private const int CodeBitsMax = 15;

    private readonly int[] _first = new int[CodeBitsMax + 1];
    private readonly int[][] _symbols;

    public CanonicalCode(int[] lengths)
    {
        int[] symbols = [.. Enumerable.Range(0, lengths.Length).Where(symbol => lengths[symbol] > 0)];
        _symbols = [.. Enumerable.Range(0, CodeBitsMax + 1).Select(length => symbols.Where(symbol => lengths[symbol] == length).ToArray())];
        int next = 0;
        for (int length = 1; length <= CodeBitsMax; length++)
        {
            _first[length] = next <<= 1;
            next += _symbols[length].Length;
        }
        LengthMax = Math.Max(1, lengths.Max());
        IsComplete = next == 1 << CodeBitsMax;
        // RFC 1951, 3.2.7: no symbol, or one of one bit.
        IsCode = IsComplete || lengths.Sum() <= 1;
    }

    public int LengthMax { get; }

    /// <summary>Every sequence of bits means something.</summary>
    public bool IsComplete { get; }

    /// <summary>It is complete, or as scant as it may be where not all symbols are needed.</summary>
    public bool IsCode { get; }

    public int? SymbolOf(int value, int length)
    {
        int index = value - _first[length];
        return index >= 0 && index < _symbols[length].Length ? _symbols[length][index] : null;
    }
}
