using System.Runtime.InteropServices;

namespace Sluice.Fuzz;

/// <summary>RFC 1951 bit by bit, as slow as it is simple: the other opinion about compressed messages, whatever their window.</summary>
internal sealed class ReferenceInflater
{
    /// <summary>It stops behind so much output.</summary>
    public const int OutputBytesMax = 80 << 10;

    private const int EndOfBlock = 256;

    private static readonly int[] s_order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private static readonly CanonicalCode s_fixedLiterals = new(
        [.. Enumerable.Range(0, 288).Select(static i => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)]);
    private static readonly CanonicalCode s_fixedDistances = new([.. Enumerable.Repeat(5, 32)]);

    private readonly byte[] _input;
    private readonly int _messageBits;
    private readonly int _windowBytes;
    private readonly List<byte> _output;
    private readonly int _historyBytes;
    private int _at; // in bits
    private int _storedAt = -1; // where the length of the last stored block began

    private ReferenceInflater(ReadOnlySpan<byte> message, ReadOnlySpan<byte> history, int windowBits, bool ends)
    {
        _input = ends ? [.. message, 0x00, 0x00, 0xFF, 0xFF] : message.ToArray();
        _messageBits = message.Length * 8;
        _windowBytes = 1 << windowBits;
        _output = [.. history];
        _historyBytes = history.Length;
    }

    /// <summary>How it ended.</summary>
    public InflateEnd End { get; private set; }

    /// <summary>What it gave, up to there.</summary>
    public ReadOnlySpan<byte> Output => CollectionsMarshal.AsSpan(_output)[_historyBytes..];

    /// <summary>The longest distance.</summary>
    public int Reach { get; private set; }

    /// <summary>How much output there was when the first block that calls itself the last had ended; -1 if none did.</summary>
    public int FirstFinalBytes { get; private set; } = -1;

    /// <summary>Whether a code for code lengths had no symbol at all.</summary>
    public bool HasNoCodeLengths { get; private set; }

    /// <summary>Inflates a message.</summary>
    /// <param name="message">Without the four bytes that its sender left out.</param>
    /// <param name="history">What came before it.</param>
    /// <param name="windowBits">How far back it may look: 2 to this power bytes.</param>
    /// <param name="ends">Whether the message ends here; else it is truncated at best.</param>
    public static ReferenceInflater Run(ReadOnlySpan<byte> message, ReadOnlySpan<byte> history, int windowBits, bool ends = true)
    {
        ReferenceInflater inflater = new(message, history, windowBits, ends);
        try
        {
            inflater.Blocks();
        }
        catch (EndException end)
        {
            inflater.End = end.End;
        }
        return inflater;
    }

    private void Blocks()
    {
        bool final = true; // a message of no bytes is complete
        while (_at != _input.Length * 8)
        {
            if (_at == _messageBits && final)
            {
                return; // nothing is missing but what says nothing
            }
            final = Take(1) != 0;
            switch (Take(2))
            {
                case 0:
                    Stored();
                    break;
                case 1:
                    Symbols(s_fixedLiterals, s_fixedDistances);
                    break;
                case 2:
                    Dynamic();
                    break;
                default:
                    throw new EndException(InflateEnd.Invalid);
            }
            if (final)
            {
                _at = (_at + 7) & ~7;
                FirstFinalBytes = FirstFinalBytes < 0 ? _output.Count - _historyBytes : FirstFinalBytes;
            }
        }
        // The four bytes can be read as the end of another block. No sender that left them out meant that.
        End = _storedAt == _messageBits ? InflateEnd.Complete : InflateEnd.Truncated;
    }

    private void Stored()
    {
        _at = (_at + 7) & ~7;
        _storedAt = _at;
        int length = Take(16);
        Require(Take(16) == (length ^ 0xFFFF));
        for (; length > 0; length--)
        {
            Put((byte)Take(8));
        }
    }

    private void Dynamic()
    {
        int literals = Take(5) + 257;
        int distances = Take(5) + 1;
        int lengthCount = Take(4) + 4;
        Require(literals <= 286 && distances <= 30);
        int[] codeLengths = new int[19];
        for (int i = 0; i < lengthCount; i++)
        {
            codeLengths[s_order[i]] = Take(3);
        }
        CanonicalCode code = new(codeLengths);
        HasNoCodeLengths |= codeLengths.Max() == 0;
        Require(code.IsComplete);
        List<int> lengths = [];
        while (lengths.Count < literals + distances)
        {
            int symbol = Decode(code);
            (int value, int count) = symbol switch
            {
                < 16 => (symbol, 1),
                16 => (lengths.Count > 0 ? lengths[^1] : -1, 3 + Take(2)),
                17 => (0, 3 + Take(3)),
                _ => (0, 11 + Take(7)),
            };
            Require(value >= 0 && lengths.Count + count <= literals + distances);
            lengths.AddRange(Enumerable.Repeat(value, count));
        }
        CanonicalCode literalCode = new([.. lengths.Take(literals)]);
        CanonicalCode distanceCode = new([.. lengths.Skip(literals)]);
        Require(lengths[EndOfBlock] > 0 && literalCode.IsCode && distanceCode.IsCode);
        Symbols(literalCode, distanceCode);
    }

    private void Symbols(CanonicalCode literals, CanonicalCode distances)
    {
        while (true)
        {
            int symbol = Decode(literals);
            if (symbol == EndOfBlock)
            {
                return;
            }
            if (symbol < EndOfBlock)
            {
                Put((byte)symbol);
                continue;
            }
            Require(symbol <= 285);
            int length = LengthOf(symbol - 257);
            int coded = Decode(distances);
            Require(coded < 30);
            int distance = coded < 4 ? coded + 1 : (1 + ((2 + (coded & 1)) << ((coded >> 1) - 1))) + Take((coded >> 1) - 1);
            Require(distance <= _windowBytes && distance <= _output.Count);
            Reach = Math.Max(Reach, distance);
            for (; length > 0; length--)
            {
                Put(_output[^distance]);
            }
        }
    }

    // 3 to 10 one by one, then four starts for every further extra bit, and 258 by itself.
    private int LengthOf(int coded)
    {
        int extra = coded < 8 ? 0 : (coded >> 2) - 1;
        return coded == 28 ? 258 : coded < 8 ? coded + 3 : 3 + ((4 + (coded & 3)) << extra) + Take(extra);
    }

    private int Decode(CanonicalCode code)
    {
        int value = 0;
        for (int length = 1; length <= code.LengthMax; length++)
        {
            value = (value << 1) | Take(1);
            if (code.SymbolOf(value, length) is int symbol)
            {
                return symbol;
            }
        }
        throw new EndException(InflateEnd.Invalid);
    }

    private void Put(byte value)
    {
        if (_output.Count - _historyBytes >= OutputBytesMax)
        {
            throw new EndException(InflateEnd.TooLong);
        }
        _output.Add(value);
    }

    private int Take(int count)
    {
        int value = 0;
        for (int i = 0; i < count; i++, _at++)
        {
            if (_at >= _input.Length * 8)
            {
                throw new EndException(InflateEnd.Truncated);
            }
            value |= ((_input[_at >> 3] >> (_at & 7)) & 1) << i;
        }
        return value;
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new EndException(InflateEnd.Invalid);
        }
    }

    private sealed class EndException(InflateEnd end) : Exception
    {
        public InflateEnd End { get; } = end;
    }
}
