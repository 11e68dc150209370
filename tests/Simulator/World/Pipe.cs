namespace Sluice.Simulator;

/// <summary>One direction of a connection: bytes are written, travel, arrive and are read. It is bounded: what was
/// written and not read yet, wherever it is, takes room.</summary>
internal sealed class Pipe(int capacityBytes)
{
    private byte[] _bytes = []; // as long as what it ever held asks for: most connections never fill theirs
    private int _start; // where what is not read begins
    private int _held;

    public int CapacityBytes { get; } = capacityBytes;

    public int RoomBytes => CapacityBytes - _held;

    /// <summary>How many bytes wait to be read.</summary>
    public int Readable => (int)(ArrivedTotal - ReadTotal);

    public long ReadTotal { get; private set; }

    public long ArrivedTotal { get; private set; }

    /// <summary>Bytes that were ever taken.</summary>
    public long WrittenTotal => ReadTotal + _held;

    /// <summary>Takes as much as there is room for.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, RoomBytes);
        if (_start + _held + taken > _bytes.Length)
        {
            Rearrange(_held + taken);
        }
        bytes[..taken].CopyTo(_bytes.AsSpan(_start + _held));
        _held += taken;
        return taken;
    }

    /// <summary>The next bytes on their way have come.</summary>
    public void Arrive(int count) => ArrivedTotal += count;

    /// <summary>Copies what waits, up to the destination's length, and leaves it there.</summary>
    public int Peek(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Readable);
        _bytes.AsSpan(_start, count).CopyTo(destination);
        return count;
    }

    public int Read(Span<byte> destination)
    {
        int count = Peek(destination);
        Drop(count);
        return count;
    }

    /// <summary>Loses what has arrived and was not read.</summary>
    public void DropUnread() => Drop(Readable);

    private void Drop(int count)
    {
        _start += count;
        _held -= count;
        ReadTotal += count;
    }

    private void Rearrange(int needed)
    {
        byte[] to = 2 * needed <= _bytes.Length ? _bytes : new byte[2 * needed]; // so that much is written before the next time
        _bytes.AsSpan(_start, _held).CopyTo(to);
        _bytes = to;
        _start = 0;
    }
}
