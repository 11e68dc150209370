using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>What a peer could not take yet: the rest of a shared frame, by reference, then private bytes.</summary>
/// <remarks>Nothing of what other readers share is copied here: frames that were not begun stay in their log, and the
/// reader's cursor stays before them.</remarks>
internal sealed class Outbox
{
    private byte[]? _frame;
    private int _frameOffset;
    private byte[]? _bytes; // rented
    private int _start;
    private int _end;

    public bool IsEmpty => _frame is null && _start == _end;

    public int PrivateBytes => _end - _start;

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

    public void Commit(int count) => _end += count;

    public void Prepend(ReadOnlySpan<byte> bytes, Buffers buffers)
    {
        if (_start < bytes.Length)
        {
            MakeRoom(bytes.Length, 0, buffers);
        }
        _start -= bytes.Length;
        bytes.CopyTo(_bytes.AsSpan(_start));
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
        if (count > 0)
        {
            _bytes.AsSpan(_start, count).CopyTo(batch.FreeBytes);
            batch.CommitPrivate(count);
            _start += count;
        }
        if (_start == _end)
        {
            DropBytes(buffers);
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
        _start = _end = 0;
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
        _start = before;
        _end = before + count;
    }
}
