using System.Buffers.Binary;
using Sluice.Loop;

namespace Sluice.Simulator;

// What can happen next on a system, and what does.
internal sealed partial class SimulatedSystem
{
    private bool HasSomething()
    {
        if (!_mayHaveSomething)
        {
            return false;
        }
        _mayHaveSomething = _woken || CanAccept || _sockets.Exists(HasSomething);
        return _mayHaveSomething;
    }

    private bool CanAccept => _backlog.Count > 0 && !_acceptPaused;

    private bool HasSomething(Socket socket) =>
        CanFail(socket) || CanFinishSend(socket) || CanPeek(socket) || CanReceive(socket) || CanEnd(socket);

    private static bool CanFail(Socket socket) => socket.End.Broken && socket.Phase != SocketPhase.Failed;

    private bool CanFinishSend(Socket socket) =>
        socket.Sending && !socket.End.Broken && socket.SendDueAt <= _world.Now && socket.End.IsWritable;

    private static bool CanPeek(Socket socket) =>
        socket.Phase == SocketPhase.Peeking
        && (socket.End.ArrivedTotal > socket.PeekedTotal || (socket.PeekRepeats && socket.PeekedTotal > 0));

    private static bool CanReceive(Socket socket) => socket.Phase == SocketPhase.Armed && socket.End.Readable > 0;

    private static bool CanEnd(Socket socket) =>
        socket.End.Ended && !socket.EndReported && !socket.End.Broken
        && ((socket.Phase == SocketPhase.Armed && socket.End.Readable == 0) || (socket.Phase == SocketPhase.Peeking && !CanPeek(socket)));

    /// <summary>Begins anywhere, so that whatever can happen next does in some seed.</summary>
    private bool TryTake(out Completion completion)
    {
        int sources = _sockets.Count + 2;
        int first = _world.Prng.Below(sources);
        for (int i = 0; i < sources; i++)
        {
            int source = (first + i) % sources;
            bool taken = source switch
            {
                0 => TryTakeWake(out completion),
                1 => TryTakePeer(out completion),
                _ => TryTake(_sockets[source - 2], out completion),
            };
            if (taken)
            {
                return true;
            }
        }
        completion = default;
        return false;
    }

    private bool TryTakeWake(out Completion completion)
    {
        completion = Completion.Of(CompletionKind.Woken, 0, -1);
        bool woken = _woken;
        _woken = false;
        return woken;
    }

    private bool TryTakePeer(out Completion completion)
    {
        completion = Completion.Of(CompletionKind.AcceptFailed, 0, -1);
        if (!CanAccept)
        {
            return false;
        }
        if (_world.Faults.Strikes(Fault.AcceptFailed))
        {
            _acceptPaused = true;
            return true;
        }
        Socket accepted = _world.Descriptors.Open(_backlog.Dequeue(), this);
        BinaryPrimitives.WriteUInt128BigEndian(_receiveBuffer.AsSpan(ISystem.HeadroomBytes), accepted.End.Address);
        _dirtyBytes = ISystem.HeadroomBytes + ISystem.AddressBytes;
        completion = new Completion(CompletionKind.Accepted, 0, accepted.Number, _receiveBuffer, ISystem.HeadroomBytes, ISystem.AddressBytes);
        return true;
    }

    private bool TryTake(Socket socket, out Completion completion)
    {
        bool sentFirst = _world.Prng.Chance(500);
        if (sentFirst && CanFinishSend(socket))
        {
            completion = FinishSend(socket);
            return true;
        }
        // Bytes that came before a reset may be seen before it, or lost with it.
        if (CanReceive(socket) && (!socket.End.Broken || sentFirst))
        {
            completion = Receive(socket);
            return true;
        }
        if (CanFail(socket))
        {
            socket.FinishSend();
            socket.Phase = SocketPhase.Failed;
            completion = Completion.Of(CompletionKind.Failed, socket.Token, socket.Number);
            return true;
        }
        return TryTakeQuiet(socket, out completion);
    }

    private bool TryTakeQuiet(Socket socket, out Completion completion)
    {
        completion = default;
        if (CanFinishSend(socket))
        {
            completion = FinishSend(socket);
        }
        else if (CanPeek(socket))
        {
            completion = Peek(socket);
        }
        else if (CanEnd(socket))
        {
            socket.EndReported = true;
            completion = Completion.Of(CompletionKind.Ended, socket.Token, socket.Number);
        }
        return completion.Buffer is not null;
    }

    private Completion FinishSend(Socket socket)
    {
        int taken = 0;
        if (socket.PendingBytes > 0)
        {
            int limit = socket.PendingBytes;
            if (_world.Faults.Strikes(Fault.SendPendingShort))
            {
                limit = _world.Prng.Below(limit);
            }
            taken = socket.End.Write(socket.PendingSend[..limit]);
        }
        socket.FinishSend();
        return Completion.Of(CompletionKind.Sent, socket.Token, socket.Number, taken);
    }

    private Completion Receive(Socket socket)
    {
        int limit = Math.Min(socket.End.Readable, _receiveBuffer.Length - ISystem.HeadroomBytes);
        if (_world.Faults.Strikes(Fault.ReadByte))
        {
            limit = 1;
        }
        else if (_world.Faults.Strikes(Fault.ReadCut))
        {
            limit = _world.Prng.Between(1, limit);
        }
        Span<byte> destination = _receiveBuffer.AsSpan(ISystem.HeadroomBytes, limit);
        socket.End.Read(destination);
        return Delivered(CompletionKind.Received, socket, limit);
    }

    private Completion Peek(Socket socket)
    {
        int count = socket.End.Peek(_receiveBuffer.AsSpan(ISystem.HeadroomBytes));
        socket.PeekedTotal = socket.End.ArrivedTotal;
        socket.PeekRepeats = _world.Faults.Strikes(Fault.PeekRepeated);
        return Delivered(CompletionKind.Peeked, socket, count);
    }

    private Completion Delivered(CompletionKind kind, Socket socket, int count)
    {
        _world.Trace.Mix(_receiveBuffer.AsSpan(ISystem.HeadroomBytes, count));
        _dirtyBytes = ISystem.HeadroomBytes + count;
        return new Completion(kind, socket.Token, socket.Number, _receiveBuffer, ISystem.HeadroomBytes, count);
    }
}
