using System.Runtime.CompilerServices;
using Sluice.Loop;

namespace Sluice.WebSockets;

// From what the kernel has to bytes, an end or a failure.
public sealed unsafe partial class EpollSystem
{
    internal const int ReceiveBytesMax = 64 * 1024; // in one turn of a socket

    private readonly byte[] _received = GC.AllocateUninitializedArray<byte>(ISystem.HeadroomBytes + ReceiveBytesMax, pinned: true);

    /// <inheritdoc/>
    public void Arm(int socket)
    {
        ref SocketRow row = ref Adopted(socket);
        if ((row.State & SocketState.Peeking) != 0)
        {
            row.State &= ~(SocketState.Peeking | SocketState.PeekedToEnd);
            row.State |= SocketState.Readable;
        }
        row.State |= SocketState.Armed;
        EnqueueIfOwing(socket, ref row);
    }

    /// <inheritdoc/>
    public void Disarm(int socket) => Adopted(socket).State &= ~SocketState.Armed;

    /// <summary>Reads or peeks once; after a short read there is nothing more, unless an end or an error lies behind it.</summary>
    private bool Read(int socket, ref SocketRow row, out Completion completion)
    {
        bool isPeek = (row.State & SocketState.Peeking) != 0;
        void* bytes = Unsafe.AsPointer(ref _received[ISystem.HeadroomBytes]); // on the pinned heap
        nint count;
        do
        {
            count = Libc.Receive(socket, bytes, ReceiveBytesMax, isPeek ? Libc.Peek : 0);
        }
        while (count < 0 && Libc.LastError == Errno.EINTR);

        completion = default;
        if (count > 0)
        {
            NoteRead(ref row, isPeek, isFull: count == ReceiveBytesMax);
            completion = new Completion(isPeek ? CompletionKind.Peeked : CompletionKind.Received, row.Token, socket, _received, ISystem.HeadroomBytes, (int)count);
            return true;
        }
        Errno error = count == 0 ? default : Libc.LastError;
        if ((row.State & SocketState.Broken) == 0 && error is default(Errno) or Errno.EAGAIN)
        {
            row.State &= ~SocketState.Readable;
            return error == default && (row.State & SocketState.EndTold) == 0 && TellEnd(socket, ref row, out completion);
        }
        CheckNotOurs(error);
        return TellFailure(socket, ref row, out completion);
    }

    private static void NoteRead(ref SocketRow row, bool isPeek, bool isFull)
    {
        bool isLast = (row.State & (SocketState.HungUp | SocketState.Broken)) != 0;
        if (isPeek && isLast)
        {
            row.State |= SocketState.PeekedToEnd;
        }
        else if (!isLast && (isPeek || !isFull))
        {
            row.State &= ~SocketState.Readable;
        }
    }

    private static bool TellEnd(int socket, ref SocketRow row, out Completion completion)
    {
        row.State &= ~(SocketState.Readable | SocketState.PeekedToEnd);
        row.State |= SocketState.EndTold;
        completion = Completion.Of(CompletionKind.Ended, row.Token, socket);
        return true;
    }

    private static bool TellFailure(int socket, ref SocketRow row, out Completion completion)
    {
        row.State |= SocketState.FailureTold;
        completion = Completion.Of(CompletionKind.Failed, row.Token, socket);
        return true;
    }
}
