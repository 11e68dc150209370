using System.Collections.Concurrent;
using System.Security.Cryptography;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>The world of a loop whose connections are all guests, that is carried by another server.</summary>
/// <remarks>
/// <para><b>Thread.</b> As <see cref="ISystem"/> says, whichever thread the loop's turn is on; <see cref="Enter"/> is for any.</para>
/// <para><b>Order.</b> <see cref="Enter"/> names a guest, then the loop adopts it under that name
/// (<see cref="EventLoop.AdoptOpen"/>) as it adopts any accepted socket, or closes it.</para>
/// <para><b>How it works.</b> A guest's state is the loop's alone. Whoever completes what a guest has started only puts
/// the guest among the reports and demands a turn. <see cref="Next"/> never waits: a loop that has nothing to do has no turn.</para>
/// <para><b>End.</b> Disposed after the loop has stopped and before the other server has: guests that the loop
/// never heard of end then, and every later one at once.</para>
/// </remarks>
/// <param name="runner">Has the loop take a turn.</param>
public sealed class GuestSystem(PoolRunner runner) : ISystem
{
    private const int ReceiveBytes = 64 << 10;

    private readonly ConcurrentDictionary<int, Guest> _guests = new();
    private readonly ConcurrentQueue<Guest> _reports = new();
    private readonly Queue<Guest> _ready = new();
    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(ISystem.HeadroomBytes + ReceiveBytes);
    private int _numbers;
    private int _guestCount; // the dictionary takes all its locks to count
    private int _woken;
    private volatile bool _isDisposed;

    /// <inheritdoc/>
    public long Now { get; private set; } = Environment.TickCount64;

    /// <summary>Whether <see cref="Next"/> may have something to tell. On the loop.</summary>
    public bool HasNews => _ready.Count > 0 || !_reports.IsEmpty || Volatile.Read(ref _woken) != 0;

    /// <summary>How many guests are here, adopted or not.</summary>
    public int GuestCount => Volatile.Read(ref _guestCount);

    /// <summary>Lets a guest in. Any thread.</summary>
    public Guest Enter(in GuestCarrier carrier)
    {
        Guest guest;
        do
        {
            guest = new Guest(this, Interlocked.Increment(ref _numbers) & int.MaxValue, carrier);
        }
        while (!_guests.TryAdd(guest.Socket, guest));
        Interlocked.Increment(ref _guestCount);

        // Either this sees that the system is gone, or whoever disposes of it sees this guest.
        if (_isDisposed)
        {
            Close(guest.Socket);
        }
        return guest;
    }

    /// <inheritdoc/>
    public void Random(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    /// <inheritdoc/>
    public bool Next(long deadlineMs, out Completion completion)
    {
        if (deadlineMs != ISystem.AtHand)
        {
            Now = Environment.TickCount64;
        }
        if (Volatile.Read(ref _woken) != 0)
        {
            Interlocked.Exchange(ref _woken, 0);
            completion = Completion.Of(CompletionKind.Woken, 0, -1);
            return true;
        }
        while (_reports.TryDequeue(out Guest? guest))
        {
            Enqueue(guest);
        }
        for (int turns = _ready.Count; turns > 0; turns--)
        {
            Guest guest = _ready.Dequeue();
            guest.IsQueued = false;
            if (guest.TryTake(_received, out completion))
            {
                Enqueue(guest);
                return true;
            }
        }
        completion = default;
        return false;
    }

    /// <inheritdoc/>
    public void Adopt(int socket, ulong token, bool peek)
    {
        Invariant.Check(!peek, "a guest's handshake is over: there is nothing to peek at");
        _guests[socket].Adopt(token);
    }

    /// <inheritdoc/>
    public void Arm(int socket)
    {
        Guest guest = _guests[socket];
        guest.IsArmed = true;
        Enqueue(guest);
    }

    /// <inheritdoc/>
    public void Disarm(int socket) => _guests[socket].IsArmed = false;

    /// <inheritdoc/>
    public SendOutcome Send(int socket, byte[] buffer, int offset, int count) => _guests[socket].Send(buffer, offset, count);

    /// <inheritdoc/>
    public void ShutdownWrite(int socket) => _guests[socket].ShutdownWrite();

    /// <inheritdoc/>
    public void Close(int socket)
    {
        if (_guests.TryRemove(socket, out Guest? guest))
        {
            Interlocked.Decrement(ref _guestCount);
            guest.Close();
        }
    }

    /// <inheritdoc/>
    public void Release(int socket) => Invariant.Check(false, "a guest has been read from: it cannot be given away");

    /// <inheritdoc/>
    public void ResumeAccepting() => Invariant.Check(false, "guests are let in, not accepted");

    /// <inheritdoc/>
    public void StopAccepting()
    {
    }

    /// <inheritdoc/>
    public void Wake()
    {
        Volatile.Write(ref _woken, 1);
        runner.RunSoon();
    }

    /// <summary>Closes every guest that is still here and every later one.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        Interlocked.MemoryBarrier();
        foreach (int socket in _guests.Keys)
        {
            Close(socket);
        }
    }

    /// <summary>Something that a guest had started is over. Any thread.</summary>
    internal void Report(Guest guest)
    {
        _reports.Enqueue(guest);
        runner.RunSoon();
    }

    /// <summary>Likewise; the loop serves it before the return, unless it runs elsewhere. Any thread that holds no lock.</summary>
    internal void ReportHere(Guest guest)
    {
        _reports.Enqueue(guest);
        runner.RunHere();
    }

    private void Enqueue(Guest guest)
    {
        if (!guest.IsQueued)
        {
            guest.IsQueued = true;
            _ready.Enqueue(guest);
        }
    }
}
