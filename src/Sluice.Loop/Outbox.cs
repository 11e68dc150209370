using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>What a peer could not take yet: the rest of a shared frame, by reference, then private bytes.</summary>
/// <remarks>Nothing of what other readers share is copied here: frames that were not begun stay in their log, and the
/// reader's cursor stays before them. Private bytes are whole frames, but for the first, which may have been begun.</remarks>
internal sealed class Outbox
{
    private byte[]? _frame;
    private int _frameOffset;
    private byte[]? _bytes; // rented
    private int _start;
    private int _end;
    private int _boundary; // where the first whole frame begins

    public bool IsEmpty => _frame is null && _start == _end;

    public int PrivateBytes => _end - _start;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(_start, PrivateBytes);

    public void KeepRest(byte[] frame, int offset)
    {
        Invariant.Check(_frame is null, "one frame at most is begun");
        _frame = frame;
        _frameOffset = offset;
    }

    public Span<byte> Reserve(int count, Buffers buffers)
    {
        if (_bytes is null || _bytes.Length - _end < count)
        {
            MakeRoom(0, count, buffers);
        }
        return _bytes.AsSpan(_end);
    }

    /// <summary>Adds what was written to what was reserved.</summary>
    /// <param name="count">How many bytes.</param>
    /// <param name="boundary">Where in them the first whole frame begins: at the beginning, or at the end of a handshake's answer.</param>
    public void Commit(int count, int boundary = 0)
    {
        if (_boundary == _end)
        {
            _boundary += boundary;
        }
        _end += count;
    }

    /// <summary>Takes bytes back that were on their way.</summary>
    /// <param name="bytes">What comes before everything that is here.</param>
    /// <param name="boundary">Where in them the first whole frame begins; it may be behind them.</param>
    /// <param name="buffers">Where to rent.</param>
    public void Prepend(ReadOnlySpan<byte> bytes, int boundary, Buffers buffers)
    {
        if (_start < bytes.Length)
        {
            MakeRoom(bytes.Length, 0, buffers);
        }
        _start -= bytes.Length;
        bytes.CopyTo(_bytes.AsSpan(_start));
        _boundary = _start + boundary;
    }

    /// <summary>Moves as much as fits into a batch, in order.</summary>
    public void MoveTo(SendBatch batch, Buffers buffers)
    {
        if (_frame is not null)
        {
            batch.AddRest(_frame, _frameOffset);
            _frame = null;
        }
        int count = Math.Min(PrivateBytes, batch.FreeBytes.Length);
        if (count < PrivateBytes)
        {
            count = FrameWalk.CutAt(_bytes.AsSpan(0, _end), _boundary, _start + count) - _start;
        }
        if (count > 0)
        {
            _bytes.AsSpan(_start, count).CopyTo(batch.FreeBytes);
            batch.CommitPrivate(count, _boundary - _start);
            _start += count;
            _boundary = FrameWalk.BoundaryFrom(_bytes.AsSpan(0, _end), _boundary, _start);
        }
        if (_start == _end)
        {
            DropBytes(buffers);
        }
    }

    /// <summary>How many bytes <see cref="DropOldest"/> may drop at most.</summary>
    public int DroppableBytes
    {
        get
        {
            FrameWalk walk = new(_bytes.AsSpan(0, _end), _boundary);
            int droppable = 0;
            for (int at = _boundary; walk.TryTake(out int end, out bool isDroppable); at = end)
            {
                droppable += isDroppable ? end - at : 0;
            }
            return droppable;
        }
    }

    /// <summary>Drops the oldest whole messages until at most so many private bytes are left.</summary>
    /// <remarks>A message of which the peer has a part goes on to its end, one that is not yet ended is kept, and so is every
    /// control frame with the message in which it lies: these move up to what follows them.</remarks>
    public void DropOldest(int bytesLeft)
    {
        FrameWalk walk = new(_bytes.AsSpan(0, _end), _boundary);
        int at = _boundary;
        int kept = at; // what is before this stays, what lies from it to the place of the walk is dropped
        Span<byte> bytes = _bytes.AsSpan();
        while (PrivateBytes - (at - kept) > bytesLeft && walk.TryTake(out int end, out bool isDroppable))
        {
            if (!isDroppable)
            {
                bytes[at..end].CopyTo(bytes[kept..]);
                kept += end - at;
            }
            at = end;
        }
        int dropped = at - kept;
        bytes[_start..kept].CopyTo(bytes[(_start + dropped)..]);
        _start += dropped;
        _boundary += dropped;
    }

    /// <summary>Takes no more room than what is left needs.</summary>
    public void Shrink(Buffers buffers)
    {
        byte[]? old = _bytes;
        if (old is not null && PrivateBytes <= old.Length / 2)
        {
            int count = PrivateBytes;
            _bytes = buffers.Rent(count);
            old.AsSpan(_start, count).CopyTo(_bytes);
            buffers.Return(old);
            (_start, _end, _boundary) = (0, count, _boundary - _start);
        }
    }

    public void Clear(Buffers buffers)
    {
        _frame = null;
        DropBytes(buffers);
    }

    private void DropBytes(Buffers buffers)
    {
        if (_bytes is not null)
        {
            buffers.Return(_bytes);
            _bytes = null;
        }
        _start = _end = _boundary = 0;
    }

    // Makes room before and after what is there, in the same array if it is large enough.
    private void MakeRoom(int before, int after, Buffers buffers)
    {
        int count = PrivateBytes;
        byte[]? old = _bytes;
        if (old is null || old.Length < before + count + after)
        {
            _bytes = buffers.Rent(Math.Max(checked(before + count + after), 2 * count));
        }
        if (count > 0)
        {
            old.AsSpan(_start, count).CopyTo(_bytes.AsSpan(before));
        }
        if (old is not null && old != _bytes)
        {
            buffers.Return(old);
        }
        _boundary += before - _start;
        _start = before;
        _end = before + count;
    }
}
