namespace Sluice.Protocol;

/// <summary>A canonical prefix code (RFC 1951, 3.2.2), made from how often each symbol comes.</summary>
/// <remarks>Lengths first, since they say what the code would cost; the codes themselves only when it is taken.</remarks>
internal sealed class HuffmanCode
{
    // A used symbol as a number that sorts by how often it comes.
    private const int SymbolBits = 9;

    private readonly byte[] _lengths;
    private readonly uint[] _codes; // the bits mirrored, shifted left by 4, and their number
    private readonly int _lengthMax;
    private readonly uint[] _used;
    private readonly int[] _nodes;

    /// <summary>A code for symbols below a number.</summary>
    internal HuffmanCode(int symbols, int lengthMax)
    {
        _lengths = new byte[symbols];
        _codes = new uint[symbols];
        _lengthMax = lengthMax;
        _used = new uint[symbols];
        _nodes = new int[symbols];
    }

    /// <summary>The code with these lengths, for good.</summary>
    internal HuffmanCode(byte[] lengths)
        : this(lengths.Length, DeflateFormat.CodeBitsMax)
    {
        lengths.CopyTo(_lengths, 0);
        AssignCodes();
    }

    /// <summary>The bits of each symbol's code; 0 for a symbol that has none.</summary>
    internal ReadOnlySpan<byte> Lengths => _lengths;

    /// <summary>How many symbols there are up to the last one that has a code.</summary>
    internal int UsedSymbols => _lengths.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

    internal void Write(ref BitWriter writer, int symbol)
    {
        uint code = _codes[symbol];
        writer.Write(code >> 4, (int)(code & 15));
    }

    /// <summary>How many bits the symbols take, each as often as it comes.</summary>
    internal int Cost(ReadOnlySpan<int> frequencies)
    {
        ReadOnlySpan<byte> lengths = _lengths.AsSpan(0, frequencies.Length);
        int bits = 0;
        for (int symbol = 0; symbol < frequencies.Length; symbol++)
        {
            bits += frequencies[symbol] * lengths[symbol];
        }
        return bits;
    }

    /// <summary>Chooses lengths that cost the least, or nearly so where the longest is too long. One symbol alone gets one bit.</summary>
    internal void ChooseLengths(ReadOnlySpan<int> frequencies)
    {
        Span<uint> used = _used;
        int count = 0;
        for (int symbol = 0; symbol < frequencies.Length; symbol++)
        {
            if (frequencies[symbol] != 0)
            {
                used[count++] = ((uint)frequencies[symbol] << SymbolBits) | (uint)symbol;
            }
        }
        used = used[..count];
        used.Sort();
        _lengths.AsSpan().Clear();
        if (count <= 1)
        {
            if (count == 1)
            {
                _lengths[used[0] & ((1 << SymbolBits) - 1)] = 1;
            }
            return;
        }
        Span<int> counts = stackalloc int[DeflateFormat.CodeBitsMax + 1];
        CountDepths(used, counts);
        int next = 0;
        for (int length = _lengthMax; length > 0; length--)
        {
            for (int end = next + counts[length]; next < end; next++)
            {
                _lengths[used[next] & ((1 << SymbolBits) - 1)] = (byte)length;
            }
        }
    }

    internal void AssignCodes()
    {
        Span<uint> next = stackalloc uint[DeflateFormat.CodeBitsMax + 2];
        foreach (byte length in _lengths)
        {
            next[length + 1]++;
        }
        next[1] = 0; // symbols without a code
        for (int length = 1; length <= DeflateFormat.CodeBitsMax; length++)
        {
            next[length + 1] = (next[length] + next[length + 1]) << 1;
        }
        for (int symbol = 0; symbol < _lengths.Length; symbol++)
        {
            int length = _lengths[symbol];
            _codes[symbol] = length == 0 ? 0 : (Mirror(next[length]++, length) << 4) | (uint)length;
        }
    }

    // How many leaves lie at each depth of the tree. Its inner nodes come in the order of their weight, as the leaves do, so two
    // queues do, and both live in one array: a node's place, once its weight was added to its parent's, holds the parent
    // (Moffat and Katajainen, In-place calculation of minimum-redundancy codes, 1995).
    private void CountDepths(ReadOnlySpan<uint> used, Span<int> counts)
    {
        Span<int> nodes = _nodes.AsSpan(0, used.Length - 1);
        int leaf = 0;
        int inner = 0;
        for (int node = 0; node < nodes.Length; node++)
        {
            int weight = 0;
            for (int child = 0; child < 2; child++)
            {
                if (leaf < used.Length && (inner == node || (int)(used[leaf] >> SymbolBits) <= nodes[inner]))
                {
                    weight += (int)(used[leaf++] >> SymbolBits);
                }
                else
                {
                    weight += nodes[inner];
                    nodes[inner++] = node;
                }
            }
            nodes[node] = weight;
        }
        // Parents are behind their children: from the root on, a place holds the depth.
        nodes[^1] = 0;
        counts[1] = 2;
        for (int node = nodes.Length - 2; node >= 0; node--)
        {
            int depth = nodes[nodes[node]] + 1;
            nodes[node] = depth;
            int length = Math.Min(depth, _lengthMax);
            counts[length]--;
            counts[Math.Min(depth + 1, _lengthMax)] += 2;
        }
        Shorten(counts);
    }

    // Leaves that were too deep stand at the greatest length, and so there are too many of them. Each step makes of a leaf higher up
    // an inner node, with itself and one of the deepest below it.
    private void Shorten(Span<int> counts)
    {
        int excess = -(1 << _lengthMax);
        for (int length = 1; length <= _lengthMax; length++)
        {
            excess += counts[length] << (_lengthMax - length);
        }
        for (; excess > 0; excess--)
        {
            int length = _lengthMax - 1;
            while (counts[length] == 0)
            {
                length--;
            }
            counts[length]--;
            counts[length + 1] += 2;
            counts[_lengthMax]--;
        }
    }

    private static uint Mirror(uint code, int length)
    {
        code = ((code & 0x5555) << 1) | ((code >> 1) & 0x5555);
        code = ((code & 0x3333) << 2) | ((code >> 2) & 0x3333);
        code = ((code & 0x0F0F) << 4) | ((code >> 4) & 0x0F0F);
        code = ((code & 0x00FF) << 8) | (code >> 8);
        return code >> (16 - length);
    }
}
