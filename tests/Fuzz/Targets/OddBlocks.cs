using System.Text;

namespace Sluice.Fuzz;

/// <summary>Compressed messages that no compressor would write: blocks of any kind, with any code, and any symbols in it.</summary>
/// <param name="dice">Decides everything.</param>
internal sealed class OddBlocks(Dice dice)
{
    private const int EndOfBlock = 256;
    private const int CodeBitsMax = 15;

    private static readonly int[] s_order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    private static readonly int[] s_fixedLengths = [.. Enumerable.Range(0, 288).Select(static i => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)];

    /// <summary>A message of a few blocks.</summary>
    public byte[] Write()
    {
        BitWriter bits = new();
        for (int blocks = dice.Small(4); blocks > 0; blocks--)
        {
            bool final = dice.Below(6) == 0;
            bits.Put(final ? 1 : 0, 1);
            switch (dice.Below(4))
            {
                case 0:
                    Stored(bits);
                    break;
                case 1:
                    bits.Put(1, 2);
                    Symbols(bits, s_fixedLengths, [.. Enumerable.Repeat(5, 30)]);
                    break;
                default:
                    Dynamic(bits);
                    break;
            }
            if (final)
            {
                bits.Align();
            }
        }
        bits.Put(0, 3);
        bits.Align();
        return bits.ToArray();
    }

    /// <summary>A message that fills the largest window with runs, and then looks as far back as that reaches, or nearly.</summary>
    public byte[] WriteFar()
    {
        const int longest = 285;
        const int farthest = 29;
        const int farthestExtraBits = 13;
        int[] codes = Codes(s_fixedLengths);
        BitWriter bits = new();
        bits.Put(2, 3); // not the last, fixed codes
        for (int runs = 120 + dice.Below(20); runs > 0; runs--)
        {
            int literal = dice.Below(256);
            bits.PutCode(codes[literal], s_fixedLengths[literal]);
            bits.PutCode(codes[longest], s_fixedLengths[longest]);
            bits.PutCode(0, 5);
        }
        for (int matches = dice.Below(120); matches > 0; matches--)
        {
            bits.PutCode(codes[longest], s_fixedLengths[longest]);
            bits.PutCode(farthest, 5);
            bits.Put(dice.Below(4) > 0 ? -1 : (int)dice.Next(), farthestExtraBits);
        }
        bits.PutCode(codes[EndOfBlock], s_fixedLengths[EndOfBlock]);
        bits.Put(0, 3);
        bits.Align();
        return bits.ToArray();
    }

    private void Stored(BitWriter bits)
    {
        byte[] data = Encoding.ASCII.GetBytes("stored")[..dice.Below(7)];
        bits.Put(0, 2);
        bits.Align();
        bits.Put(data.Length, 16);
        bits.Put(data.Length ^ 0xFFFF, 16);
        foreach (byte b in data)
        {
            bits.Put(b, 8);
        }
    }

    private void Dynamic(BitWriter bits)
    {
        int[] literals = CodeLengths(257 + dice.Below(30), EndOfBlock);
        int[] distances = CodeLengths(1 + dice.Below(30), 0);
        bits.Put(2, 2);
        bits.Put(literals.Length - 257, 5);
        bits.Put(distances.Length - 1, 5);
        bits.Put(15, 4);
        // 13 codes of four bits and 6 of five use up all.
        int[] lengthLengths = [.. Enumerable.Range(0, 19).Select(static symbol => symbol < 13 ? 4 : 5)];
        int[] codes = Codes(lengthLengths);
        foreach (int symbol in s_order)
        {
            bits.Put(lengthLengths[symbol], 3);
        }
        int[] all = [.. literals, .. distances];
        for (int i = 0; i < all.Length;)
        {
            int run = 1;
            while (i + run < all.Length && all[i + run] == all[i] && run < 138)
            {
                run++;
            }
            i += PutLengths(bits, all[i], run, i > 0 && all[i - 1] == all[i], codes, lengthLengths);
        }
        Symbols(bits, literals, distances);
    }

    // A run of the same length as one symbol if there is one for it, and chance wants it.
    private int PutLengths(BitWriter bits, int length, int run, bool repeats, int[] codes, int[] lengthLengths)
    {
        (int symbol, int start, int extraBits, int max) =
            length == 0 && run >= 11 ? (18, 11, 7, 138)
            : length == 0 && run >= 3 ? (17, 3, 3, 10)
            : repeats && run >= 3 ? (16, 3, 2, 6)
            : (length, 1, 0, 1);
        if (symbol != length && dice.Below(8) == 0)
        {
            (symbol, start, extraBits, max) = (length, 1, 0, 1);
        }
        run = Math.Min(run, max);
        bits.PutCode(codes[symbol], lengthLengths[symbol]);
        bits.Put(run - start, extraBits);
        return run;
    }

    private void Symbols(BitWriter bits, int[] literals, int[] distances)
    {
        int[] literalCodes = Codes(literals);
        int[] distanceCodes = Codes(distances);
        int[] used = [.. Enumerable.Range(0, literals.Length).Where(symbol => literals[symbol] > 0 && symbol != EndOfBlock)];
        int[] usedDistances = [.. Enumerable.Range(0, distances.Length).Where(symbol => distances[symbol] > 0)];
        for (int count = used.Length == 0 ? 0 : dice.Below(100); count > 0; count--)
        {
            int symbol = used[dice.Below(used.Length)];
            bits.PutCode(literalCodes[symbol], literals[symbol]);
            if (symbol > EndOfBlock && usedDistances.Length > 0)
            {
                int coded = symbol - 257;
                bits.Put((int)dice.Next(), coded is < 8 or >= 28 ? 0 : (coded >> 2) - 1);
                // Near ones mostly, which are there.
                int distance = usedDistances[dice.Below(dice.Below(usedDistances.Length) + 1)];
                bits.PutCode(distanceCodes[distance], distances[distance]);
                bits.Put((int)dice.Next() & (dice.Below(2) - 1), distance < 4 ? 0 : (distance >> 1) - 1);
            }
        }
        bits.PutCode(literalCodes[EndOfBlock], literals[EndOfBlock]);
    }

    // A complete code for some of the symbols, long ones included: leaves are split until there are enough.
    private int[] CodeLengths(int symbols, int needed)
    {
        List<int> leaves = [1, 1];
        int wanted = Math.Min(symbols, 2 + dice.Small(symbols));
        bool deep = dice.Below(2) == 0;
        while (leaves.Count < wanted)
        {
            int leaf = deep && dice.Below(4) > 0 ? leaves.Count - 1 : dice.Below(leaves.Count);
            if (leaves[leaf] == CodeBitsMax)
            {
                leaf = leaves.FindIndex(static length => length < CodeBitsMax);
            }
            leaves[leaf]++;
            leaves.Add(leaves[leaf]);
        }
        int[] lengths = new int[symbols];
        if (symbols < 2)
        {
            lengths[0] = 1; // alone, as RFC 1951 allows
            return lengths;
        }
        List<int> free = [.. Enumerable.Range(0, symbols).Where(symbol => symbol != needed)];
        lengths[needed] = leaves[^1];
        for (int i = 0; i < leaves.Count - 1; i++)
        {
            int at = dice.Below(free.Count);
            lengths[free[at]] = leaves[i];
            free.RemoveAt(at);
        }
        return lengths;
    }

    private static int[] Codes(int[] lengths)
    {
        int[] codes = new int[lengths.Length];
        int code = 0;
        for (int length = 1; length <= CodeBitsMax; length++)
        {
            code <<= 1;
            for (int symbol = 0; symbol < lengths.Length; symbol++)
            {
                if (lengths[symbol] == length)
                {
                    codes[symbol] = code++;
                }
            }
        }
        return codes;
    }

    private sealed class BitWriter
    {
        private readonly List<byte> _bytes = [];
        private int _count;

        public void Put(int value, int bits)
        {
            for (int i = 0; i < bits; i++)
            {
                if (_count++ % 8 == 0)
                {
                    _bytes.Add(0);
                }
                _bytes[^1] |= (byte)(((value >> i) & 1) << ((_count - 1) % 8));
            }
        }

        // Codes go with their highest bit first.
        public void PutCode(int code, int bits)
        {
            for (int i = bits - 1; i >= 0; i--)
            {
                Put(code >> i, 1);
            }
        }

        public void Align() => _count = _bytes.Count * 8;

        public byte[] ToArray() => [.. _bytes];
    }
}
