using System.Buffers;

namespace Sluice.Simulator;

/// <summary>Somebody at the other end of connections: one connection at a time, as slow, rude and unlucky as the plan has it.</summary>
internal abstract class Peer : IEndOwner, IActor
{
    private const int Serves = 0;

    /// <summary>The first number that a derived peer may use for its own acts.</summary>
    protected const int OwnActs = 1;

    private readonly ArrayBufferWriter<byte> _output = new();
    private End? _end;
    private long _stalledUntil;

    protected Peer(World world, string name)
    {
        World = world;
        Name = name;
        Address = world.NewAddress();
    }

    public string Name { get; }

    protected World World { get; }

    /// <summary>From where it connects.</summary>
    protected UInt128 Address { get; set; }

    /// <summary>Whether the server has given the connection up, whether or not this peer has noticed.</summary>
    protected bool IsLeft => _end is not { IsLeft: false };

    /// <summary>Whether there is a connection, as far as this peer knows.</summary>
    protected bool HasConnection => _end is not null;

    /// <summary>What is to be sent; <see cref="Flush"/> sends it.</summary>
    protected IBufferWriter<byte> Output => _output;

    /// <summary>How much of <see cref="Output"/> the network has not taken.</summary>
    protected int UnsentBytes => _output.WrittenCount;

    public override string ToString() => $"{Name} {(HasConnection ? "has a connection" : "is gone")}";

    void IEndOwner.Changed()
    {
        if (World.Prng.Chance(200))
        {
            // It is busy a moment; what has come may be lost by a reset before it is read.
            Later(World.Prng.Between(1, 5), Serves);
        }
        else
        {
            Serve();
        }
    }

    void IActor.Act(int what, long argument)
    {
        if (what == Serves)
        {
            Serve();
        }
        else
        {
            Act(what, argument);
        }
    }

    protected void Connect()
    {
        _output.ResetWrittenCount();
        _stalledUntil = 0;
        _end = World.Connect(this, Address);
        World.Trace.Note(World.Now, Name, "connects");
    }

    /// <summary>Bytes from the other side.</summary>
    protected abstract void Received(Span<byte> bytes);

    /// <summary>The connection is gone, by whatever cause but this peer's own.</summary>
    protected abstract void Lost();

    /// <summary>The time given to <see cref="Later"/> has come.</summary>
    protected abstract void Act(int what, long argument);

    protected void Later(int inMs, int what, long argument = 0) => World.Schedule(World.Now + inMs, this, what, argument);

    /// <summary>Sends bytes as they are.</summary>
    protected void Send(ReadOnlySpan<byte> bytes)
    {
        _output.Write(bytes);
        Flush();
    }

    /// <summary>Reads nothing until <see cref="Resume"/> or the calm.</summary>
    protected void StopReading() => _stalledUntil = long.MaxValue;

    /// <summary>Reads a little all the same.</summary>
    protected void Sip(int bytesMax)
    {
        if (_end is { Readable: > 0 } end)
        {
            Received(World.Scratch.AsSpan(0, end.Read(World.Scratch.AsSpan(0, bytesMax))));
        }
    }

    /// <summary>Ends a stall.</summary>
    protected void Resume()
    {
        _stalledUntil = 0;
        Serve();
    }

    /// <summary>Gives as much of the output to the network as it takes.</summary>
    protected void Flush()
    {
        if (_end is null || _end.Broken || UnsentBytes == 0)
        {
            return;
        }
        int taken = _end.Write(_output.WrittenSpan);
        if (taken == UnsentBytes)
        {
            _output.ResetWrittenCount();
        }
        else if (taken > 0)
        {
            byte[] rest = _output.WrittenSpan[taken..].ToArray();
            _output.ResetWrittenCount();
            _output.Write(rest);
        }
    }

    /// <summary>Says FIN and goes on reading.</summary>
    protected void EndWriting() => _end?.Shutdown();

    /// <summary>Leaves: by FIN, or with something unread by a reset, as a closed socket does.</summary>
    protected void HangUp()
    {
        End? end = _end;
        _end = null;
        end?.Close();
    }

    /// <summary>Leaves by a reset.</summary>
    protected void Abort()
    {
        End? end = _end;
        _end = null;
        end?.Abort();
    }

    /// <summary>Leaves without a word, as a train does into a tunnel.</summary>
    protected void Vanish()
    {
        End? end = _end;
        _end = null;
        end?.Vanish();
    }

    private void Serve()
    {
        Flush();
        End? end = _end;
        while (end is not null && end == _end && end.Readable > 0 && !IsStalled())
        {
            byte[] bytes = World.Scratch;
            int count = end.Read(bytes);
            World.Trace.Mix(bytes.AsSpan(0, count));
            Received(bytes.AsSpan(0, count));
        }
        if (end is not null && end == _end && (end.Broken || (end.Ended && end.Readable == 0)))
        {
            World.Trace.Note(World.Now, Name, end.Broken ? "is reset" : "sees the end");
            HangUp();
            Lost();
        }
    }

    private bool IsStalled()
    {
        if (World.Now >= _stalledUntil && World.Faults.Strikes(Fault.PeerStalled))
        {
            int stallMs = World.Prng.Chance(100) ? World.Prng.Between(1_000, 60_000) : World.Prng.Between(1, 1_000);
            _stalledUntil = World.Now + stallMs;
            World.Trace.Note(World.Now, Name, "stalls", stallMs);
            Later(stallMs, Serves);
        }
        return World.Now < _stalledUntil && !World.Faults.Over;
    }
}
