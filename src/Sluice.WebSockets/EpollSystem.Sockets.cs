using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// From being adopted to being closed, and what a socket has to say at its turn.
public sealed unsafe partial class EpollSystem
{
    private const uint ReadInterest = Libc.Readable | Libc.PeerHangUp;

    /// <inheritdoc/>
    public void Adopt(int socket, ulong token, bool peek)
    {
        Invariant.Check(socket >= 0, "an accepted socket has a number");
        ref SocketRow row = ref _sockets[socket];
        Invariant.Check((row.State & SocketState.Adopted) == 0, "a socket is adopted once");
        row.Token = token;
        // A turn of the number's last socket may still stand in the ring; it then serves this one, and harmlessly so.
        row.State |= SocketState.Adopted | (peek ? SocketState.Peeking : SocketState.Armed);
        if (!Register(Libc.EpollAdd, socket, ReadInterest))
        {
            row.State |= SocketState.Broken; // the kernel had no memory to watch it
            EnqueueIfOwing(socket, ref row);
        }
    }

    /// <inheritdoc/>
    public void Close(int socket)
    {
        if ((_sockets[socket].State & SocketState.Adopted) != 0)
        {
            Forget(socket);
        }
        CloseDescriptor(socket);
    }

    /// <inheritdoc/>
    public void Release(int socket)
    {
        Invariant.Check((Adopted(socket).State & SocketState.Peeking) != 0, "only what is unread can be given away");
        Forget(socket);
        _released(socket);
    }

    /// <summary>What one socket has to say at its turn: one thing, and then it queues again if there is more.</summary>
    private bool ServeSocket(int socket, ref SocketRow row, out Completion completion)
    {
        if (!Owes(row.State))
        {
            completion = default;
            return false; // it was disarmed, or failed, after it was queued
        }
        bool told;
        if ((row.State & SocketState.Room) != 0)
        {
            told = TellRoom(socket, ref row, out completion);
        }
        else if ((row.State & (SocketState.Broken | SocketState.Armed)) == SocketState.Broken)
        {
            told = TellFailure(socket, ref row, out completion);
        }
        else if ((row.State & SocketState.PeekedToEnd) != 0)
        {
            told = TellEnd(socket, ref row, out completion);
        }
        else
        {
            told = Read(socket, ref row, out completion);
        }
        EnqueueIfOwing(socket, ref row);
        return told;
    }

    private void EnqueueIfOwing(int socket, ref SocketRow row)
    {
        if (Owes(row.State))
        {
            Enqueue(socket, ref row);
        }
    }

    private static bool Owes(SocketState state) =>
        (state & SocketState.FailureTold) == 0
        && ((state & (SocketState.Room | SocketState.Broken)) != 0
            || ((state & SocketState.Readable) != 0 && (state & (SocketState.Armed | SocketState.Peeking)) != 0));

    private ref SocketRow Adopted(int socket)
    {
        ref SocketRow row = ref _sockets[socket];
        Invariant.Check((row.State & SocketState.Adopted) != 0, "the socket is this loop's");
        return ref row;
    }

    /// <summary>Leaves a socket to somebody else.</summary>
    /// <remarks>Leaving epoll is said, and not left to the closing: a child process that is just being born holds a copy
    /// of every descriptor, and while it does the kernel would go on to report a socket that is closed here.</remarks>
    internal void Forget(int socket)
    {
        ref SocketRow row = ref _sockets[socket];
        row.Token = 0;
        row.State &= SocketState.Queued; // a turn that it still has in the ring will find it gone
        ChangeWatch(Libc.EpollDelete, socket, 0);
    }

    /// <summary>Changes what the kernel reports. It may not know the socket at all: then it had no memory to watch it when
    /// it was adopted, and that failure is on its way.</summary>
    private void ChangeWatch(int operation, int socket, uint what) =>
        Invariant.Check(Register(operation, socket, what) || Libc.LastError == Errno.ENOENT, "an adopted socket is watched");

    /// <summary>What fails is the peer or the system; that the call itself was wrong is ours, and ends the process.</summary>
    private static void CheckNotOurs(Errno error) =>
        Invariant.Check(error is not (Errno.EBADF or Errno.ENOTSOCK or Errno.EFAULT or Errno.EINVAL), "a system call got what it asks for");
}
