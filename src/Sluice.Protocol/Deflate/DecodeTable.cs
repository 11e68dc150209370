using System.Numerics;
using System.Runtime.InteropServices;

namespace Sluice.Protocol;

/// <summary>Finds the symbol at the head of a bit buffer: one look for short codes, two for long ones.</summary>
/// <remarks>The first table is indexed by as many bits as the longest code has, at most <c>primaryBitsMax</c>; a longer code leads
/// on to a table of its own prefix. So a block with few short codes, which costs its sender next to nothing, is cheap here too.</remarks>
internal sealed class DecodeTable
{
    private static readonly DecodeEntry[] s_literals = LiteralSymbols();
    private static readonly DecodeEntry[] s_distances = DistanceSymbols();
    private static readonly DecodeEntry[] s_codeLengths = CodeLengthSymbols();

    private readonly DecodeEntry[] _symbols; // by symbol, without a code
    private readonly DecodeEntry[] _entries;
    private readonly int _primaryBitsMax;

    private DecodeTable(DecodeEntry[] symbols, int primaryBitsMax, int entriesMax)
    {
        _symbols = symbols;
        _primaryBitsMax = primaryBitsMax;
        _entries = new DecodeEntry[entriesMax];
    }

    /// <summary>The fixed codes of RFC 1951, 3.2.6: the same for all, and never written again.</summary>
    internal static DecodeTable FixedLiterals { get; } = Fixed(OfLiterals(), DeflateFormat.FixedLiteralLengths());

    /// <inheritdoc cref="FixedLiterals"/>
    internal static DecodeTable FixedDistances { get; } = Fixed(OfDistances(), DeflateFormat.FixedDistanceLengths());

    /// <summary>How many bits index the first table.</summary>
    internal int PrimaryBits { get; private set; }

    internal ulong PrimaryMask => (1UL << PrimaryBits) - 1;

    /// <summary>Whether every sequence of bits means something.</summary>
    internal bool IsComplete { get; private set; }

    // The most entries that any complete code leads to, found by going through all of them: 1332 for 286 symbols and 10 bits,
    // 400 for 30 symbols and 8 bits.
    internal static DecodeTable OfLiterals() => new(s_literals, 10, 1332);

    internal static DecodeTable OfDistances() => new(s_distances, 8, 400);

    internal static DecodeTable OfCodeLengths() =>
        new(s_codeLengths, DeflateFormat.CodeLengthBitsMax, 1 << DeflateFormat.CodeLengthBitsMax);

    internal ref DecodeEntry First => ref MemoryMarshal.GetArrayDataReference(_entries);

    /// <summary>Looks the next symbol up. Bits beyond what is known must be zero; the entry counts only if it needs no more than that.</summary>
    /// <param name="bits">The next bits, the first one lowest.</param>
    /// <param name="prefixBits">How many of them led to a second table; the entry speaks of what follows these.</param>
    internal DecodeEntry Find(ulong bits, out int prefixBits)
    {
        DecodeEntry entry = _entries[(int)(bits & PrimaryMask)];
        prefixBits = 0;
        if (entry.IsPointer)
        {
            prefixBits = entry.Bits;
            entry = _entries[entry.Value + ((int)(bits >> prefixBits) & ((1 << entry.IndexBits) - 1))];
        }
        return entry;
    }

    /// <summary>Makes the table of the code with these lengths.</summary>
    /// <returns>False for lengths that are no code: too many of them, or too few to give every sequence of bits a meaning. One
    /// symbol alone (with one bit) and none at all pass, since RFC 1951, 3.2.7 has them for distances; the bits that mean nothing
    /// are invalid when they come.</returns>
    internal bool Build(ReadOnlySpan<byte> lengths)
    {
        Span<int> counts = stackalloc int[DeflateFormat.CodeBitsMax + 1];
        Span<ushort> used = stackalloc ushort[DeflateFormat.FixedLiteralSymbols];
        used = used[..Count(lengths, counts, used)];
        int longest = DeflateFormat.CodeBitsMax;
        while (longest > 0 && counts[longest] == 0)
        {
            longest--;
        }
        int free = 1;
        for (int length = 1; length <= longest && free >= 0; length++)
        {
            free = (2 * free) - counts[length];
        }
        if (free < 0 || (free > 0 && longest > 1))
        {
            return false;
        }
        IsComplete = free == 0;
        PrimaryBits = Math.Clamp(longest, 1, _primaryBitsMax);
        if (!IsComplete)
        {
            _entries.AsSpan(0, 2).Fill(DecodeEntry.Invalid.WithCode(1));
        }
        Span<ushort> sorted = stackalloc ushort[DeflateFormat.FixedLiteralSymbols];
        sorted = sorted[..used.Length];
        Sort(lengths, counts, used, sorted);
        Fill(counts, sorted);
        return true;
    }

    // Finds the symbols that have a code, and counts their lengths. Most have none, and these are passed eight at a time.
    private static int Count(ReadOnlySpan<byte> lengths, Span<int> counts, Span<ushort> used)
    {
        int count = 0;
        int symbol = 0;
        while (symbol < lengths.Length)
        {
            if (lengths.Length - symbol >= sizeof(ulong) && BitConverter.ToUInt64(lengths[symbol..]) == 0)
            {
                symbol += sizeof(ulong);
                continue;
            }
            for (int end = Math.Min(symbol + sizeof(ulong), lengths.Length); symbol < end; symbol++)
            {
                int length = lengths[symbol];
                used[count] = (ushort)symbol;
                count += length == 0 ? 0 : 1;
                counts[length]++;
            }
        }
        return count;
    }

    // By length, then by symbol: the order in which a canonical code counts up.
    private static void Sort(ReadOnlySpan<byte> lengths, ReadOnlySpan<int> counts, ReadOnlySpan<ushort> used, Span<ushort> sorted)
    {
        Span<int> at = stackalloc int[DeflateFormat.CodeBitsMax + 1];
        for (int length = 1; length < DeflateFormat.CodeBitsMax; length++)
        {
            at[length + 1] = at[length] + counts[length];
        }
        foreach (ushort symbol in used)
        {
            sorted[at[lengths[symbol]]++] = symbol;
        }
    }

    // Codes lie in the bit stream with their first bit lowest, so they are counted up mirrored. The first table doubles with every
    // length: what is in it already stands for both values of the bit that is new.
    private void Fill(Span<int> counts, ReadOnlySpan<ushort> sorted)
    {
        Span<DecodeEntry> entries = _entries;
        int code = 0;
        int next = 0;
        for (int length = 1; length <= PrimaryBits; length++)
        {
            int half = 1 << (length - 1);
            if (length > 1)
            {
                entries[..half].CopyTo(entries[half..]);
            }
            for (int end = next + counts[length]; next < end; next++)
            {
                entries[code] = _symbols[sorted[next]].WithCode(length);
                code = CountUp(code, length);
            }
        }
        if (next < sorted.Length)
        {
            FillSecondTables(counts, sorted[next..], code);
        }
    }

    private void FillSecondTables(Span<int> counts, ReadOnlySpan<ushort> sorted, int code)
    {
        int mask = (1 << PrimaryBits) - 1;
        int prefix = -1;
        int start = 0;
        int end = 1 << PrimaryBits;
        int length = PrimaryBits + 1;
        foreach (ushort symbol in sorted)
        {
            while (counts[length] == 0)
            {
                length++;
            }
            if ((code & mask) != prefix)
            {
                prefix = code & mask;
                start = end;
                int indexBits = IndexBits(counts, length);
                end += 1 << indexBits;
                _entries[prefix] = DecodeEntry.Pointer(start, PrimaryBits, indexBits);
            }
            int step = 1 << (length - PrimaryBits);
            DecodeEntry entry = _symbols[symbol].WithCode(length - PrimaryBits);
            for (int i = start + (code >> PrimaryBits); i < end; i += step)
            {
                _entries[i] = entry;
            }
            code = CountUp(code, length);
            counts[length]--;
        }
    }

    // A prefix is used up by the codes that come next in order; the longest of them says how far its table reaches.
    private int IndexBits(ReadOnlySpan<int> counts, int length)
    {
        int bits = length - PrimaryBits;
        int used = counts[length];
        while (used < 1 << bits)
        {
            bits++;
            used = (2 * used) + counts[PrimaryBits + bits];
        }
        return bits;
    }

    // Adds one to a number of so many bits whose lowest bit is the highest; the last code of all counts up to 0.
    private static int CountUp(int code, int length)
    {
        int zeros = code ^ ((1 << length) - 1);
        if (zeros == 0)
        {
            return 0;
        }
        int bit = 1 << BitOperations.Log2((uint)zeros);
        return (code & (bit - 1)) | bit;
    }

    private static DecodeTable Fixed(DecodeTable table, byte[] lengths)
    {
        Invariant.Check(table.Build(lengths), "the fixed codes are codes");
        return table;
    }

    private static DecodeEntry[] LiteralSymbols()
    {
        DecodeEntry[] symbols = new DecodeEntry[DeflateFormat.FixedLiteralSymbols];
        symbols.AsSpan().Fill(DecodeEntry.Invalid);
        for (int literal = 0; literal < DeflateFormat.EndOfBlock; literal++)
        {
            symbols[literal] = DecodeEntry.Literal(literal);
        }
        symbols[DeflateFormat.EndOfBlock] = DecodeEntry.EndOfBlock;
        for (int i = 0; i < DeflateFormat.LengthStart.Length; i++)
        {
            symbols[DeflateFormat.FirstLengthSymbol + i] = DecodeEntry.Start(DeflateFormat.LengthStart[i], DeflateFormat.LengthExtraBits[i]);
        }
        return symbols;
    }

    private static DecodeEntry[] DistanceSymbols()
    {
        DecodeEntry[] symbols = new DecodeEntry[DeflateFormat.FixedDistanceSymbols];
        symbols.AsSpan().Fill(DecodeEntry.Invalid);
        for (int i = 0; i < DeflateFormat.DistanceSymbols; i++)
        {
            symbols[i] = DecodeEntry.Start(DeflateFormat.DistanceStart[i], DeflateFormat.DistanceExtraBits[i]);
        }
        return symbols;
    }

    private static DecodeEntry[] CodeLengthSymbols()
    {
        DecodeEntry[] symbols = new DecodeEntry[DeflateFormat.CodeLengthSymbols];
        for (int symbol = 0; symbol < symbols.Length; symbol++)
        {
            bool repeats = symbol >= DeflateFormat.RepeatPrevious;
            symbols[symbol] = DecodeEntry.Start(symbol, repeats ? DeflateFormat.RepeatExtraBits[symbol - DeflateFormat.RepeatPrevious] : 0);
        }
        return symbols;
    }
}
