namespace Sluice.Simulator;

/// <summary>Whoever owns one end of a connection.</summary>
internal interface IEndOwner
{
    /// <summary>Bytes, an end, a break or new room have come; the end's properties say what there is now.</summary>
    void Changed();
}

/// <summary>One end of a connection, as TCP has it: ordered bytes in bounded buffers, an end of its own for each
/// direction, and a reset that may cost what is on its way.</summary>
internal sealed class End : IActor
{
    private const int Arrives = 0;
    private const int Ends = 1;
    private const int Breaks = 2;
    private const int HasRoom = 3;

    private readonly World _world;
    private readonly Pipe _incoming;
    private readonly int _latencyMs;
    private End _other = null!;
    private long _lastArrivalAt;
    private bool _endSent;
    private bool _vanished;

    private End(World world, int capacityBytes, int latencyMs)
    {
        _world = world;
        _latencyMs = latencyMs;
        _incoming = new Pipe(capacityBytes);
    }

    public IEndOwner? Owner { get; set; }

    /// <summary>At the server's end: from where the peer comes.</summary>
    public UInt128 Address { get; init; }

    /// <summary>How many bytes wait to be read; after a break those that it did not cost.</summary>
    public int Readable => _incoming.Readable;

    public int RoomBytes => _other._incoming.RoomBytes;

    /// <summary>Enough room that waiting for more would be pointless; what a kernel calls writable.</summary>
    public bool IsWritable => RoomBytes >= Math.Max(1, _other._incoming.CapacityBytes / 3);

    /// <summary>Bytes that have ever arrived, read or not.</summary>
    public long ArrivedTotal => _incoming.ArrivedTotal;

    public long ReadTotal => _incoming.ReadTotal;

    /// <summary>Bytes that the network has ever taken of this end.</summary>
    public long WrittenTotal => _other._incoming.WrittenTotal;

    /// <summary>The other end said that nothing more comes, and all before that has arrived.</summary>
    public bool Ended { get; private set; }

    /// <summary>A reset has arrived.</summary>
    public bool Broken { get; private set; }

    public bool Closed { get; private set; }

    /// <summary>Whether the other end has given the connection up, whether or not this one has heard of it.</summary>
    public bool IsLeft => _other.Closed;

    public static (End Client, End Server) Connect(World world, UInt128 address, int upBytes, int downBytes, int latencyMs)
    {
        End client = new(world, downBytes, latencyMs);
        End server = new(world, upBytes, latencyMs) { Address = address };
        client._other = server;
        server._other = client;
        return (client, server);
    }

    /// <summary>Takes as much as there is room for and sends it on its way.</summary>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        int taken = _other._incoming.Write(bytes);
        if (taken > 0)
        {
            _world.Schedule(_other.NextArrival(), _other, Arrives, taken);
            if (_world.Faults.Strikes(Fault.Reset))
            {
                BreakBoth();
            }
        }
        return taken;
    }

    public int Peek(Span<byte> destination) => _incoming.Peek(destination);

    public int Read(Span<byte> destination)
    {
        int count = _incoming.Read(destination);
        _world.Schedule(_world.Now + _latencyMs, _other, HasRoom);
        return count;
    }

    /// <summary>Says that nothing more comes.</summary>
    public void Shutdown()
    {
        if (!_endSent)
        {
            _endSent = true;
            _world.Schedule(_other.NextArrival(), _other, Ends);
        }
    }

    /// <summary>Gives the connection up. What was sent still travels; but with something unread the other end is told by a reset.</summary>
    public void Close()
    {
        if (Closed)
        {
            return;
        }
        Closed = true;
        Owner = null;
        if (_incoming.Readable > 0)
        {
            _world.Schedule(_other.NextArrival(), _other, Breaks);
        }
        else
        {
            Shutdown();
        }
    }

    /// <summary>Gives the connection up without a word.</summary>
    public void Vanish()
    {
        _vanished = true;
        Owner = null;
    }

    /// <summary>Gives the connection up by a reset, which overtakes what is on its way.</summary>
    public void Abort()
    {
        Closed = true;
        Owner = null;
        _world.Schedule(_world.Now + _latencyMs, _other, Breaks);
    }

    public void Act(int what, long argument)
    {
        if (_vanished)
        {
            return;
        }
        switch (what)
        {
            case Arrives:
                OnArrival((int)argument);
                break;
            case Ends:
                Ended = true;
                break;
            case Breaks:
                OnBreak();
                break;
        }
        Owner?.Changed();
    }

    private void OnArrival(int count)
    {
        _incoming.Arrive(count);
        if (Broken)
        {
            _incoming.DropUnread();
        }
        else if (Closed)
        {
            // Nobody is there to read it: TCP answers with a reset.
            _incoming.DropUnread();
            _world.Schedule(_world.Now + _latencyMs, _other, Breaks);
        }
    }

    private void OnBreak()
    {
        Broken = true;
        _endSent = true;
        if (_world.Prng.Chance(500))
        {
            _incoming.DropUnread();
        }
    }

    private void BreakBoth()
    {
        _world.Schedule(_world.Now + _world.Prng.Between(0, _latencyMs), this, Breaks);
        _world.Schedule(_world.Now + _world.Prng.Between(0, 2 * _latencyMs), _other, Breaks);
    }

    /// <summary>Bytes do not overtake each other, however long one of them takes.</summary>
    private long NextArrival()
    {
        long delayMs = _latencyMs;
        if (_world.Faults.Strikes(Fault.BytesDelayed))
        {
            delayMs += _world.Prng.Between(1, 1500);
        }
        _lastArrivalAt = Math.Max(_lastArrivalAt, _world.Now + delayMs);
        return _lastArrivalAt;
    }
}
