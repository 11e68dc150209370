using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// To the peer.
public sealed unsafe partial class EpollSystem
{
    /// <inheritdoc/>
    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        Invariant.Check(count > 0 && offset >= 0 && count <= buffer.Length - offset, "the bytes lie in the buffer");
        return Send(socket, buffer.AsSpan(offset, count));
    }

    /// <summary>Sends bytes, at least one. They are free at the return.</summary>
    internal SendOutcome Send(int socket, ReadOnlySpan<byte> bytes)
    {
        ref SocketRow row = ref Adopted(socket);
        Invariant.Check((row.State & SocketState.SendShort) == 0, "one send at a time");
        nint taken;
        fixed (byte* first = bytes)
        {
            do
            {
                taken = Libc.Send(socket, first, (nuint)bytes.Length, Libc.NoSignal);
            }
            while (taken < 0 && Libc.LastError == Errno.EINTR);
        }
        if (taken == bytes.Length)
        {
            return new SendOutcome(SendStatus.Done, bytes.Length);
        }
        if (taken < 0 && Libc.LastError != Errno.EAGAIN)
        {
            CheckNotOurs(Libc.LastError);
            row.State |= SocketState.FailureTold;
            return new SendOutcome(SendStatus.Failed, 0);
        }
        row.State |= SocketState.SendShort;
        // If there is room again by now, changing the interest is answered with an event at once.
        ChangeWatch(Libc.EpollModify, socket, ReadInterest | Libc.Writable);
        return new SendOutcome(SendStatus.Done, Math.Max((int)taken, 0));
    }

    /// <inheritdoc/>
    public void ShutdownWrite(int socket)
    {
        Adopted(socket);
        if (Libc.Shutdown(socket, Libc.ShutWrite) != 0)
        {
            CheckNotOurs(Libc.LastError); // reset by the peer, which is reported as any reset is
        }
    }

    private bool TellRoom(int socket, ref SocketRow row, out Completion completion)
    {
        row.State &= ~(SocketState.Room | SocketState.SendShort);
        ChangeWatch(Libc.EpollModify, socket, ReadInterest);
        completion = Completion.Of(CompletionKind.Sent, row.Token, socket);
        return true;
    }
}
