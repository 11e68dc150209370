using System.Buffers;
using System.Collections.Concurrent;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>The kernel as one loop sees it, and beside its sockets guests: connections that another server carries.</summary>
/// <remarks>
/// <para><b>Thread.</b> As <see cref="ISystem"/> says; <see cref="Enter"/> is for any thread too.</para>
/// <para><b>Order.</b> <see cref="Enter"/> names a guest, then the loop adopts it under that name
/// (<see cref="EventLoop.AdoptOpen"/>) as it adopts any accepted socket, or closes it. Guests are numbered from
/// <see cref="FirstGuest"/> on; every smaller number is the inner system's.</para>
/// <para><b>How it works.</b> A guest's state is the loop's alone. Reads and writes are started by the loop; whoever
/// completes one only puts the guest among the reports and wakes the loop. Guests and the inner system give a completion
/// each in turn, and the kernel is asked before each wait, so neither side starves the other.</para>
/// <para><b>End.</b> Disposed after the loop has stopped and before the other server has: guests that the loop
/// never heard of end then, and every later one at once.</para>
/// </remarks>
public sealed class GuestSystem : ISystem
{
    /// <summary>The smallest number of a guest.</summary>
    public const int FirstGuest = 1 << 30;

    private readonly ISystem _inner;
    private readonly ConcurrentDictionary<int, Guest> _guests = new();
    private readonly ConcurrentQueue<Guest> _reports = new();
    private readonly Queue<Guest> _ready = new();
    private byte[]? _lent; // the bytes of the last completion
    private int _numbers;
    private int _reported; // 1: a wake-up for reports is under way
    private bool _wasGuests; // the last completion
    private volatile bool _isDisposed;

    /// <summary>Makes a system.</summary>
    /// <param name="inner">Has the sockets, the clock and the wait; null for a loop that has guests only.</param>
    public GuestSystem(ISystem? inner = null) => _inner = inner ?? new SocketlessSystem();

    /// <inheritdoc/>
    public long Now => _inner.Now;

    /// <summary>How many guests are here, adopted or not.</summary>
    public int GuestCount => _guests.Count;

    /// <summary>Lets a guest in. Any thread.</summary>
    /// <param name="stream">Bytes both ways, once the handshake is over. It stays its giver's, who leaves it alone until
    /// <see cref="Guest.Closed"/>. Best is one that honours a read of zero bytes as a wait: else a buffer is held while idle.</param>
    /// <param name="abort">Breaks a write that the peer does not take. Any thread.</param>
    /// <param name="completeWriting">Ends the writing alone (FIN); null if the carrier can end only both directions.</param>
    public Guest Enter(Stream stream, Action abort, Func<Task>? completeWriting = null)
    {
        Guest guest;
        do
        {
            guest = new Guest(this, FirstGuest | (Interlocked.Increment(ref _numbers) & (FirstGuest - 1)), stream, abort, completeWriting);
        }
        while (!_guests.TryAdd(guest.Socket, guest));

        // Either this sees that the system is gone, or whoever disposes of it sees this guest.
        Interlocked.MemoryBarrier();
        if (_isDisposed)
        {
            CloseGuest(guest.Socket);
        }
        return guest;
    }

    /// <inheritdoc/>
    public void Random(Span<byte> destination) => _inner.Random(destination);

    /// <inheritdoc/>
    public bool Next(long deadlineMs, out Completion completion)
    {
        TakeLentBack();
        do
        {
            TakeReports();
            if (!_wasGuests && ServeGuest(out completion))
            {
                return true;
            }
            bool mayWait = _ready.Count == 0 || deadlineMs == ISystem.AtHand;
            if (_inner.Next(mayWait ? deadlineMs : Math.Min(deadlineMs, _inner.Now), out completion))
            {
                _wasGuests = false;
                return true;
            }
            if (ServeGuest(out completion))
            {
                return true;
            }
        }
        while (deadlineMs != ISystem.AtHand && Now < deadlineMs);
        return false;
    }

    /// <inheritdoc/>
    public void Adopt(int socket, ulong token, bool peek)
    {
        if (socket < FirstGuest)
        {
            _inner.Adopt(socket, token, peek);
            return;
        }
        Invariant.Check(!peek, "a guest's handshake is over: there is nothing to peek at");
        Guest guest = _guests[socket];
        guest.Adopt(token);
        Enqueue(guest);
    }

    /// <inheritdoc/>
    public void Arm(int socket)
    {
        if (socket < FirstGuest)
        {
            _inner.Arm(socket);
            return;
        }
        Guest guest = _guests[socket];
        guest.IsArmed = true;
        Enqueue(guest);
    }

    /// <inheritdoc/>
    public void Disarm(int socket)
    {
        if (socket < FirstGuest)
        {
            _inner.Disarm(socket);
            return;
        }
        _guests[socket].IsArmed = false;
    }

    /// <inheritdoc/>
    public SendOutcome Send(int socket, byte[] buffer, int offset, int count) =>
        socket < FirstGuest ? _inner.Send(socket, buffer, offset, count) : _guests[socket].Send(buffer, offset, count);

    /// <inheritdoc/>
    public void ShutdownWrite(int socket)
    {
        if (socket < FirstGuest)
        {
            _inner.ShutdownWrite(socket);
            return;
        }
        _guests[socket].ShutdownWrite();
    }

    /// <inheritdoc/>
    public void Close(int socket)
    {
        if (socket < FirstGuest)
        {
            _inner.Close(socket);
            return;
        }
        CloseGuest(socket);
    }

    /// <inheritdoc/>
    public void Release(int socket)
    {
        Invariant.Check(socket < FirstGuest, "a guest has been read from: it cannot be given away");
        _inner.Release(socket);
    }

    /// <inheritdoc/>
    public void ResumeAccepting() => _inner.ResumeAccepting();

    /// <inheritdoc/>
    public void StopAccepting() => _inner.StopAccepting();

    /// <inheritdoc/>
    public void Wake() => _inner.Wake();

    /// <summary>Closes every guest that is still here and every later one, and the inner system.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        Interlocked.MemoryBarrier();
        TakeLentBack();
        foreach (int socket in _guests.Keys)
        {
            CloseGuest(socket);
        }
        _inner.Dispose();
    }

    /// <summary>Something that a guest had started is over. Any thread.</summary>
    internal void Report(Guest guest)
    {
        _reports.Enqueue(guest);
        if (Interlocked.Exchange(ref _reported, 1) == 0)
        {
            _inner.Wake();
        }
    }

    private void TakeReports()
    {
        if (Volatile.Read(ref _reported) == 0)
        {
            return;
        }
        // First this, then the queue: a report that comes in between wakes once too often, and is not lost.
        Interlocked.Exchange(ref _reported, 0);
        while (_reports.TryDequeue(out Guest? guest))
        {
            Enqueue(guest);
        }
    }

    private bool ServeGuest(out Completion completion)
    {
        for (int turns = _ready.Count; turns > 0; turns--)
        {
            Guest guest = _ready.Dequeue();
            guest.IsQueued = false;
            if (guest.TryTake(out completion))
            {
                _wasGuests = true;
                _lent = completion.Kind == CompletionKind.Received ? completion.Buffer : null;
                Enqueue(guest);
                return true;
            }
        }
        completion = default;
        return false;
    }

    private void Enqueue(Guest guest)
    {
        if (!guest.IsQueued)
        {
            guest.IsQueued = true;
            _ready.Enqueue(guest);
        }
    }

    private void CloseGuest(int socket)
    {
        if (_guests.TryRemove(socket, out Guest? guest))
        {
            guest.Close();
        }
    }

    private void TakeLentBack()
    {
        if (_lent is not null)
        {
            ArrayPool<byte>.Shared.Return(_lent);
            _lent = null;
        }
    }
}
