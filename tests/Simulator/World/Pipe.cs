namespace Sluice.Simulator;

/// <summary>One direction of a connection: bytes are written, travel, arrive and are read. It is bounded: what was
/// written and not read yet, wherever it is, takes room.</summary>
internal sealed class Pipe(int capacityBytes)
{
    private readonly byte[] _ring = new byte[capacityBytes];
    private long _written;
    private long _arrived;
    private long _read;

    public int CapacityBytes => _ring.Length;

    public int RoomBytes => _ring.Length - (int)(_written - _read);

    /// <summary>How many bytes wait to be read.</summary>
    public int Readable => (int)(_arrived - _read);

    public long ReadTotal => _read;

    public long ArrivedTotal => _arrived;

    /// <summary>Takes as much as there is room for.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, RoomBytes);
        int at = (int)(_written % _ring.Length);
        int first = Math.Min(taken, _ring.Length - at);
        bytes[..first].CopyTo(_ring.AsSpan(at));
        bytes[first..taken].CopyTo(_ring);
        _written += taken;
        return taken;
    }

    /// <summary>The next bytes on their way have come.</summary>
    public void Arrive(int count) => _arrived += count;

    /// <summary>Copies what waits, up to the destination's length, and leaves it there.</summary>
    public int Peek(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Readable);
        int at = (int)(_read % _ring.Length);
        int first = Math.Min(count, _ring.Length - at);
        _ring.AsSpan(at, first).CopyTo(destination);
        _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
        return count;
    }

    public int Read(Span<byte> destination)
    {
        int count = Peek(destination);
        _read += count;
        return count;
    }

    /// <summary>Loses what has arrived and was not read.</summary>
    public void DropUnread() => _read = _arrived;
}
