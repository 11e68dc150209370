namespace Sluice.Tests.Protocol;

/// <summary>Puts DEFLATE streams together bit by bit, right or wrong.</summary>
internal sealed class Bits
{
    private readonly List<byte> _bytes = [];
    private int _used = 8; // of the last byte

    /// <summary>Puts a number, lowest bit first.</summary>
    public Bits Put(int value, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (_used == 8)
            {
                _bytes.Add(0);
                _used = 0;
            }
            _bytes[^1] |= (byte)(((value >> i) & 1) << _used++);
        }
        return this;
    }

    /// <summary>Puts a code, highest bit first.</summary>
    public Bits Code(int code, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            Put(code >> i, 1);
        }
        return this;
    }

    /// <summary>The header of a dynamic block. The lengths are in a code that has four bits for each of them.</summary>
    public Bits Dynamic(IReadOnlyList<int> literals, IReadOnlyList<int> distances)
    {
        DynamicCounts(literals.Count, distances.Count);
        foreach (int length in literals.Concat(distances))
        {
            Code(length, 4);
        }
        return this;
    }

    /// <summary>The beginning of that header.</summary>
    public Bits DynamicCounts(int literals, int distances)
    {
        Put(0b100, 3).Put(literals - 257, 5).Put(distances - 1, 5).Put(19 - 4, 4);
        for (int i = 0; i < 19; i++)
        {
            Put(i < 3 ? 0 : 4, 3);
        }
        return this;
    }

    /// <summary>The end of a message: an empty stored block without its length.</summary>
    public byte[] End()
    {
        Put(0, 3);
        return [.. _bytes];
    }
}
