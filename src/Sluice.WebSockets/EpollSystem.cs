using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>The Linux kernel as one loop sees it, by epoll.</summary>
/// <remarks>
/// <para><b>Thread.</b> As <see cref="ISystem"/> says: all on the loop's thread but <see cref="Wake"/>.</para>
/// <para><b>How it works.</b> Edge-triggered. A wait takes up to 256 events and only notes them: each event sets bits in
/// the row of its descriptor and puts the descriptor at the tail of the ready ring. Only then does the ring deliver,
/// one completion for each turn, and a descriptor that still has something goes to the tail again. So nobody is served
/// twice before the others are served once, and no event outlives the wait that brought it: closing a socket empties
/// its row, and a new socket with the same number starts with nothing of the old one.</para>
/// <para><b>Memory.</b> 10 bytes for each descriptor number in use, and one receive buffer for all.</para>
/// </remarks>
public sealed unsafe partial class EpollSystem : ISystem
{
    private const int EventsMax = 256;

    private readonly int _epoll;
    private readonly SafeFileHandle _wake; // a handle, since others may wake a loop that is just going away
    private readonly int _wakeDescriptor;
    private readonly Action<int> _released;
    private readonly EpollEvents _events = new(EventsMax);
    private readonly EpollEvents _interest = new(1);
    private readonly SocketTable _sockets = new();
    private readonly ReadyRing _ready = new();
    private int _turnsLeft; // how many in the ring were there when the kernel was last asked

    /// <summary>Makes a system, and takes the listening socket if there is one.</summary>
    /// <param name="released">Given each descriptor that <see cref="Release"/> gives away, on the loop's thread; owns it from then on.</param>
    /// <param name="listener">From where to accept; null for a loop whose sockets others accept.</param>
    /// <exception cref="IOException">The operating system had no descriptor or memory.</exception>
    public EpollSystem(Action<int> released, ListeningSocket? listener = null)
    {
        _released = released;
        _listener = listener;
        _epoll = Libc.EpollCreate(Libc.CloseOnExec);
        if (_epoll < 0)
        {
            throw Libc.Failure("epoll_create1");
        }
        _wakeDescriptor = Libc.EventDescriptor(0, Libc.NonBlocking | Libc.CloseOnExec);
        if (_wakeDescriptor < 0)
        {
            throw Libc.Failure("eventfd");
        }
        _wake = new SafeFileHandle(_wakeDescriptor, ownsHandle: true);
        Watch(_wakeDescriptor);
        if (listener is not null)
        {
            _listenerDescriptor = listener.Descriptor;
            Watch(_listenerDescriptor);
        }
        Now = Environment.TickCount64;
    }

    /// <inheritdoc/>
    public long Now { get; private set; }

    /// <inheritdoc/>
    public void Random(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    /// <inheritdoc/>
    public bool Next(long deadlineMs, out Completion completion)
    {
        do
        {
            while (_acceptsLeft > 0 || _turnsLeft > 0)
            {
                if (_acceptsLeft > 0 ? Accept(out completion) : Serve(out completion))
                {
                    return true;
                }
            }
        }
        while (deadlineMs != ISystem.AtHand && Wait(deadlineMs));
        completion = default;
        return false;
    }

    /// <inheritdoc/>
    /// <remarks>The counter is never read: each write is an edge of its own, and it has room for 2^64 of them.</remarks>
    public void Wake()
    {
        ulong one = 1;
        try
        {
            Invariant.Check(Libc.Write(_wake, &one, sizeof(ulong)) == sizeof(ulong), "an eventfd takes eight bytes");
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended; whoever still posts to it is not heard, as the contract of a mailbox has it.
        }
    }

    /// <summary>Closes every socket that the loop still has, and stops listening.</summary>
    public void Dispose()
    {
        if (_wake.IsClosed)
        {
            return;
        }
        foreach (int socket in _sockets.Adopted())
        {
            Close(socket);
        }
        StopAccepting();
        CloseDescriptor(_epoll);
        _wake.Dispose();
        _events.Dispose();
        _interest.Dispose();
    }

    /// <summary>Gives the head of the ring its turn.</summary>
    private bool Serve(out Completion completion)
    {
        _turnsLeft--;
        int descriptor = _ready.Take();
        ref SocketRow row = ref _sockets[descriptor];
        row.State &= ~SocketState.Queued;
        if ((row.State & SocketState.Adopted) != 0)
        {
            return ServeSocket(descriptor, ref row, out completion);
        }
        completion = default;
        if (descriptor == _wakeDescriptor)
        {
            completion = Completion.Of(CompletionKind.Woken, 0, -1);
            return true;
        }
        if (descriptor == _listenerDescriptor && !_isAcceptPaused)
        {
            _acceptsLeft = AcceptQuantum;
        }
        return false; // accepting comes next; or it was a socket that was closed while it waited for its turn
    }

    /// <summary>Asks the kernel once what is new, and waits only if the ring is empty.</summary>
    /// <returns>Whether to look at the ring (again); false when it is empty and the time has come.</returns>
    private bool Wait(long deadlineMs)
    {
        int timeoutMs = _ready.Count > 0 ? 0 : TimeoutMs(deadlineMs);
        int count = Libc.EpollWait(_epoll, _events.Pointer, EventsMax, timeoutMs);
        Invariant.Check(count >= 0 || Libc.LastError == Errno.EINTR, "epoll_wait fails by a signal only");
        Now = Environment.TickCount64;
        for (int i = 0; i < count; i++)
        {
            Note(_events.Descriptor(i), _events.What(i));
        }
        _turnsLeft = _ready.Count;
        return _turnsLeft > 0 || Now < deadlineMs;
    }

    private void Note(int descriptor, uint what)
    {
        ref SocketRow row = ref _sockets[descriptor];
        if ((row.State & SocketState.Adopted) == 0)
        {
            Enqueue(descriptor, ref row);
            return;
        }
        if ((what & (Libc.Readable | Libc.PeerHangUp | Libc.HangUp | Libc.Error)) != 0)
        {
            row.State |= SocketState.Readable;
        }
        if ((what & (Libc.PeerHangUp | Libc.HangUp)) != 0)
        {
            row.State |= SocketState.HungUp;
        }
        if ((what & Libc.Error) != 0)
        {
            row.State |= SocketState.Broken;
        }
        if ((what & Libc.Writable) != 0 && (row.State & SocketState.SendShort) != 0)
        {
            row.State |= SocketState.Room;
        }
        EnqueueIfOwing(descriptor, ref row);
    }

    private void Enqueue(int descriptor, ref SocketRow row)
    {
        if ((row.State & SocketState.Queued) == 0)
        {
            row.State |= SocketState.Queued;
            _ready.Add(descriptor);
        }
    }

    /// <remarks>The clock is coarse, so a wait may end while it still lags behind the deadline. The milliseconds that it
    /// lacks are waited for in turn, at least one at a time: a deadline is never spun on.</remarks>
    private static int TimeoutMs(long deadlineMs) =>
        deadlineMs == long.MaxValue ? -1 : (int)Math.Clamp(deadlineMs - Environment.TickCount64, 0, int.MaxValue);

    private void Watch(int descriptor)
    {
        if (!Register(Libc.EpollAdd, descriptor, Libc.Readable))
        {
            throw Libc.Failure("epoll_ctl");
        }
    }

    private bool Register(int operation, int descriptor, uint what)
    {
        _interest.Set(0, what | Libc.EdgeTriggered, descriptor);
        return Libc.EpollControl(_epoll, operation, descriptor, _interest.Pointer) == 0;
    }

    private static void CloseDescriptor(int descriptor) =>
        Invariant.Check(Libc.Close(descriptor) == 0 || Libc.LastError != Errno.EBADF, "a descriptor is closed once");
}
