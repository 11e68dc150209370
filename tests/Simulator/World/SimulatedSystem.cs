using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>The kernel as one loop sees it, in the seeded world. It never waits: where a kernel would, it says "none by
/// then" and the world remembers until when the loop meant to sleep.</summary>
internal sealed partial class SimulatedSystem : ISystem, IActor, IEndOwner
{
    private const int Wakes = 0;
    private const int Looks = 1;
    private const int LetsGo = 2;

    /// <summary>How long bytes of a send may be read after their socket was closed.</summary>
    private const int KernelLetsGoMs = 50;

    private static readonly string[] s_kindNames = Enum.GetNames<CompletionKind>();

    private readonly World _world;
    private readonly List<Socket> _sockets = [];
    private readonly Queue<End> _backlog = [];
    private readonly Queue<Socket> _letGo = [];
    private readonly byte[] _receiveBuffer;
    private int _dirtyBytes;
    private bool _wakeUnderWay;
    private bool _woken;
    private bool _acceptPaused;
    private bool _mayHaveSomething;

    public SimulatedSystem(World world, string name, bool listens, int receiveBytesMax)
    {
        _world = world;
        Name = name;
        IsAccepting = listens;
        _receiveBuffer = new byte[ISystem.HeadroomBytes + receiveBytesMax];
    }

    public string Name { get; }

    /// <summary>One pass of the loop on this system.</summary>
    public Action Turn { get; set; } = static () => { };

    /// <summary>Until when the loop sleeps if nothing happens.</summary>
    public long SleepsUntil { get; private set; }

    /// <summary>Until when its thread gets no processor.</summary>
    public long StalledUntil { get; set; }

    public bool IsAccepting { get; private set; }

    public bool IsDisposed { get; private set; }

    public long Now { get; private set; }

    /// <summary>Whether the loop has a reason to run now.</summary>
    public bool IsRunnable => StalledUntil <= _world.Now && (SleepsUntil <= _world.Now || HasSomething());

    /// <summary>When it will have one by itself.</summary>
    public long RunnableAt => Math.Max(StalledUntil, _mayHaveSomething ? _world.Now : SleepsUntil);

    /// <summary>The server's end of a connection.</summary>
    public End EndOf(ulong token) => _sockets.Find(socket => socket.Token == token)!.End;

    /// <summary>Called by the world before each turn.</summary>
    public void BeginTurn() => SleepsUntil = _world.Now;

    public void Random(Span<byte> destination)
    {
        CheckThread();
        _world.Prng.Fill(destination);
    }

    public bool Next(long deadlineMs, out Completion completion)
    {
        CheckThread();
        Now = _world.Now;
        // Whoever still reads the last completion's bytes shall see that they are not his any more.
        _receiveBuffer.AsSpan(0, _dirtyBytes).Fill((byte)_world.Prng.Next());
        _dirtyBytes = 0;
        if (deadlineMs == ISystem.AtHand && _world.Prng.Chance(50))
        {
            completion = default; // what is ready has not been asked for yet
            return false;
        }
        if (TryTake(out completion))
        {
            _world.Trace.Note(Now, Name, s_kindNames[(int)completion.Kind], completion.Socket, completion.Count);
            return true;
        }
        _mayHaveSomething = false;
        SleepsUntil = Math.Max(deadlineMs, _world.Now);
        return false;
    }

    public void Adopt(int socket, ulong token, bool peek)
    {
        CheckThread();
        Socket adopted = _world.Descriptors.Get(socket);
        Violation.Unless(adopted.Phase == SocketPhase.Accepted && adopted.Owner is null, "a socket was adopted twice");
        if (adopted.AcceptedBy != this)
        {
            _world.Reach(Milestone.AdoptedElsewhere);
        }
        adopted.Owner = this;
        adopted.Token = token;
        adopted.Phase = peek ? SocketPhase.Peeking : SocketPhase.Armed;
        adopted.End.Owner = this;
        _sockets.Add(adopted);
        _mayHaveSomething = true;
    }

    public void Arm(int socket)
    {
        Get(socket).Phase = SocketPhase.Armed;
        _mayHaveSomething = true;
    }

    public void Disarm(int socket)
    {
        Socket disarmed = Get(socket);
        Violation.Unless(disarmed.Phase != SocketPhase.Peeking, "a peeking socket was disarmed");
        disarmed.Phase = SocketPhase.Disarmed;
    }

    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        Socket sender = Get(socket);
        Violation.Unless(count > 0, "a send of nothing");
        Violation.Unless(!sender.Sending, "a send while another was not complete");
        Violation.Unless(!sender.WriteShut, "a send after the end");
        ReadOnlySpan<byte> bytes = buffer.AsSpan(offset, count);
        if (sender.End.Broken)
        {
            return new SendOutcome(SendStatus.Failed, 0);
        }
        _world.Trace.Mix(bytes);
        if (count > SendBatch.LargeFrameBytes)
        {
            _world.Reach(Milestone.SentLarge);
        }
        if (_world.Faults.Strikes(Fault.SendPending))
        {
            sender.BeginPending(buffer, offset, count, LookLater());
            return new SendOutcome(SendStatus.Pending, 0);
        }
        int taken = sender.End.Write(bytes[..CountToTake(count)]);
        bool isFull = taken == count && _world.Faults.Strikes(Fault.SendFull);
        if (taken < count || isFull)
        {
            sender.BeginRoomless(LookLater());
        }
        _world.Trace.Note(Now, Name, isFull ? "send, full" : "send", socket, taken);
        return new SendOutcome(isFull ? SendStatus.Full : SendStatus.Done, taken);
    }

    public void ShutdownWrite(int socket)
    {
        Socket shut = Get(socket);
        Violation.Unless(!shut.Sending, "writing was shut down while a send was not complete");
        Violation.Unless(!shut.WriteShut, "writing was shut down twice");
        _world.Trace.Note(Now, Name, "shutdown", socket);
        shut.WriteShut = true;
        shut.End.Shutdown();
    }

    public void Close(int socket)
    {
        CheckThread();
        Socket closed = _world.Descriptors.Get(socket);
        Violation.Unless(closed.Owner == this || closed.Phase == SocketPhase.Accepted, "a socket was closed on a loop that does not own it");
        if (closed.PendingBytes > 0)
        {
            // A completion ring may still be reading what it was given when its owner has given up.
            _letGo.Enqueue(closed);
            _world.Schedule(_world.Now + KernelLetsGoMs, this, LetsGo);
        }
        _world.Trace.Note(Now, Name, "close", socket);
        Forget(closed);
        closed.End.Close();
    }

    public void Release(int socket)
    {
        Socket released = Get(socket);
        Violation.Unless(released.Phase == SocketPhase.Peeking, "a socket was released that is not peeked");
        Violation.Unless(released.End.ReadTotal == 0, "a released socket was read from");
        _world.Trace.Note(Now, Name, "release", socket);
        Forget(released);
        _world.OnReleased(released.End);
    }

    public void ResumeAccepting()
    {
        CheckThread();
        _acceptPaused = false;
        _mayHaveSomething = true;
    }

    public void StopAccepting()
    {
        CheckThread();
        IsAccepting = false;
        while (_backlog.TryDequeue(out End? refused))
        {
            refused.Abort();
        }
    }

    public void Wake()
    {
        if (_wakeUnderWay)
        {
            return;
        }
        _wakeUnderWay = true;
        long delayMs = _world.Faults.Strikes(Fault.WakeDelayed) ? _world.Prng.Between(1, 300) : 0;
        _world.Schedule(_world.Now + delayMs, this, Wakes);
    }

    public void Dispose()
    {
        Violation.Unless(!IsDisposed, "a system was disposed twice");
        IsDisposed = true;
    }

    /// <summary>A peer has connected to this loop's listener.</summary>
    public void Offer(End server)
    {
        if (IsAccepting)
        {
            _backlog.Enqueue(server);
            _mayHaveSomething = true;
        }
        else
        {
            server.Abort();
        }
    }

    public void WakeSpuriously()
    {
        _woken = true;
        _mayHaveSomething = true;
    }

    void IActor.Act(int what, long argument)
    {
        if (what == Wakes)
        {
            _wakeUnderWay = false;
            _woken = true;
        }
        else if (what == LetsGo)
        {
            _letGo.Dequeue().FinishSend();
        }
        _mayHaveSomething = true;
    }

    void IEndOwner.Changed() => _mayHaveSomething = true;

    private int CountToTake(int count)
    {
        if (_world.Faults.Strikes(Fault.SendNothing))
        {
            return 0;
        }
        return _world.Faults.Strikes(Fault.SendShort) ? _world.Prng.Below(count) : count;
    }

    /// <summary>When the completion of a send that was not taken whole may come.</summary>
    private long LookLater()
    {
        long at = _world.Now + _world.Prng.Between(0, 50);
        _world.Schedule(at, this, Looks);
        return at;
    }

    private Socket Get(int number)
    {
        CheckThread();
        Socket socket = _world.Descriptors.Get(number);
        Violation.Unless(socket.Owner == this, "a socket was used on a loop that does not own it");
        Violation.Unless(socket.Phase != SocketPhase.Failed, "a failed socket was used");
        return socket;
    }

    private void Forget(Socket socket)
    {
        _world.Descriptors.Close(socket);
        _sockets.Remove(socket);
    }

    private void CheckThread() => Violation.Unless(_world.Turning == this || _world.Turning is null, "a loop used another loop's system");
}
