using System.Buffers;

namespace Sluice.Protocol;

/// <summary>The header lines of a complete head, in order; <c>foreach</c> gives names and values.</summary>
public readonly ref struct HeaderLines
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal HeaderLines(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(_bytes);

    /// <summary>Walks lines that <see cref="HeaderScanner"/> has found well-formed.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> bytes) => _rest = bytes;

        /// <summary>The line.</summary>
        public HeaderLine Current { get; private set; }

        /// <summary>Goes to the next line.</summary>
        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }
            int end = _rest.IndexOf("\r\n"u8);
            ReadOnlySpan<byte> line = _rest[..end];
            _rest = _rest[(end + 2)..];
            int colon = line.IndexOf((byte)':');
            Current = new(line[..colon], Grammar.TrimSpace(line[(colon + 1)..]));
            return true;
        }
    }
}

/// <summary>One header line.</summary>
public readonly ref struct HeaderLine
{
    internal HeaderLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>A token, as the peer spelled it.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Without the space around it.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Whether this is the header of that name, whatever its case.</summary>
    public bool Is(ReadOnlySpan<byte> name) => Grammar.Is(Name, name);
}

/// <summary>Reads header lines up to the empty one, each byte once, however they are cut. Strict: CRLF only, no folded
/// line, no space before the colon, no control character (RFC 9112, 2.2 and 5).</summary>
internal struct HeaderScanner
{
    private ushort _lines;
    private Stage _stage;

    private enum Stage : byte
    {
        LineStart,
        Name,
        Value,
        ValueEnd,
        HeadEnd,
        Complete,
    }

    internal readonly bool Complete => _stage == Stage.Complete;

    /// <summary>Reads on.</summary>
    /// <param name="bytes">The head as far as it is known.</param>
    /// <param name="at">Where to read on; moved.</param>
    /// <param name="linesMax">More lines are too many.</param>
    /// <returns>0, or the status that refuses what was read.</returns>
    internal int Scan(ReadOnlySpan<byte> bytes, ref ushort at, int linesMax)
    {
        while (at < bytes.Length && _stage != Stage.Complete)
        {
            ReadOnlySpan<byte> rest = bytes[at..];
            int step = 1;
            switch (_stage)
            {
                case Stage.LineStart when rest[0] == '\r':
                    _stage = Stage.HeadEnd;
                    break;
                case Stage.LineStart:
                    // Neither a space, which would continue the line before, nor a colon without a name.
                    if (!Grammar.TokenBytes.Contains(rest[0]))
                    {
                        return 400;
                    }
                    if (++_lines > linesMax)
                    {
                        return 431;
                    }
                    _stage = Stage.Name;
                    break;
                case Stage.Name:
                    step = Skip(rest, Grammar.TokenBytes, (byte)':', Stage.Value);
                    break;
                case Stage.Value:
                    step = Skip(rest, Grammar.FieldValueBytes, (byte)'\r', Stage.ValueEnd);
                    break;
                case Stage.ValueEnd:
                case Stage.HeadEnd:
                    step = rest[0] == '\n' ? 1 : -1;
                    _stage = _stage == Stage.HeadEnd ? Stage.Complete : Stage.LineStart;
                    break;
            }
            if (step < 0)
            {
                return 400;
            }
            at += (ushort)step;
        }
        return 0;
    }

    // How many bytes of the alphabet there are, and the one that ends them; -1 if it is another.
    private int Skip(ReadOnlySpan<byte> rest, SearchValues<byte> alphabet, byte end, Stage following)
    {
        int length = rest.IndexOfAnyExcept(alphabet);
        if (length < 0)
        {
            return rest.Length;
        }
        if (rest[length] != end)
        {
            return -1;
        }
        _stage = following;
        return length + 1;
    }
}
