using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Walks over frames of our own that wait to be sent: where one ends is written in its header.</summary>
/// <remarks>Interleaved control frames end no message.</remarks>
internal ref struct FrameWalk
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    /// <summary>Begins a walk.</summary>
    /// <param name="bytes">Whole frames from <paramref name="boundary"/> to the end.</param>
    /// <param name="boundary">Where the first of them begins; it may be the end.</param>
    internal FrameWalk(ReadOnlySpan<byte> bytes, int boundary)
    {
        _bytes = bytes;
        _at = boundary;
    }

    /// <summary>Where the first frame at or behind a place begins; behind the end, if the last frame is cut.</summary>
    internal static int BoundaryFrom(ReadOnlySpan<byte> bytes, int boundary, int place)
    {
        FrameWalk walk = new(bytes, boundary);
        while (walk._at < place)
        {
            walk._at += walk.SizeAt(walk._at, out _);
        }
        return walk._at;
    }

    /// <summary>A place to cut at, such that no header is cut: the one wanted, or the beginning of the frame whose header lies there.</summary>
    internal static int CutAt(ReadOnlySpan<byte> bytes, int boundary, int place)
    {
        int at = boundary;
        FrameWalk walk = new(bytes, boundary);
        while (at < place)
        {
            int next = at + walk.SizeAt(at, out FrameHeader header);
            if (place < at + header.Size)
            {
                return at;
            }
            at = next;
        }
        return place;
    }

    /// <summary>Takes a control frame, or a whole message with what lies within it.</summary>
    /// <param name="end">Behind it.</param>
    /// <param name="isDroppable">Whether it is a message of which the peer has nothing, with no control frame in it.</param>
    /// <returns>False at the end, and before a message that is not ended yet.</returns>
    internal bool TryTake(out int end, out bool isDroppable)
    {
        end = _at;
        isDroppable = false;
        if (_at == _bytes.Length)
        {
            return false;
        }
        isDroppable = OpcodeAt(_at) is Opcode.Text or Opcode.Binary;
        bool isControl = OpcodeAt(_at) >= Opcode.Close;
        end += SizeAt(_at, out FrameHeader frame);
        while (!frame.Final || (frame.Opcode >= Opcode.Close && !isControl))
        {
            if (end == _bytes.Length)
            {
                return false;
            }
            isDroppable &= OpcodeAt(end) == Opcode.Continuation;
            end += SizeAt(end, out frame);
        }
        _at = end;
        return true;
    }

    private readonly Opcode OpcodeAt(int at) => (Opcode)(_bytes[at] & 0x0F);

    private readonly int SizeAt(int at, out FrameHeader header)
    {
        bool whole = FrameHeader.TryRead(_bytes[at..], out header);
        Invariant.Check(whole, "what waits behind a boundary begins with a header");
        return header.Size + (int)header.PayloadLength;
    }
}
