using System.Buffers;

namespace Sluice.Protocol;

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
