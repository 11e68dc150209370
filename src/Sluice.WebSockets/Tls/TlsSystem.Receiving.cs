using Sluice.Loop;

namespace Sluice.WebSockets;

// From records to plaintext.
public sealed partial class TlsSystem
{
    /// <inheritdoc/>
    public void Arm(int socket)
    {
        ref Row row = ref RowOf(socket);
        if (row.IsUndecided)
        {
            row.Stage = Stage.NewAndArmed;
            return;
        }
        if (row.Tls is { } tls)
        {
            tls.IsArmed = true;
            tls.IsPeeked = false;
            OweIfAny(tls);
        }
        _sockets.Arm(socket);
    }

    /// <inheritdoc/>
    public void Disarm(int socket)
    {
        ref Row row = ref RowOf(socket);
        if (row.Tls is { } tls)
        {
            tls.IsArmed = false;
        }
        else
        {
            BecomePlain(socket, ref row);
        }
        _sockets.Disarm(socket);
    }

    /// <summary>What a completion of the socket is for the loop.</summary>
    /// <returns>False when it is nothing.</returns>
    private bool Translate(ref Completion completion)
    {
        if (completion.Kind is CompletionKind.Accepted or CompletionKind.AcceptFailed or CompletionKind.Woken)
        {
            return true;
        }
        ref Row row = ref RowOf(completion.Socket);
        return row.Stage switch
        {
            Stage.New or Stage.NewAndArmed => Begin(ref row, ref completion),
            Stage.Secure => Translate(row.Tls!, ref completion),
            _ => true,
        };
    }

    private bool Begin(ref Row row, ref Completion completion)
    {
        int socket = completion.Socket;
        bool isPeeked = row.Stage == Stage.New;
        if (completion.Kind == CompletionKind.Failed)
        {
            return true;
        }
        if (completion.Kind != CompletionKind.Peeked || completion.Buffer[completion.Offset] != HandshakeRecord)
        {
            if (_isRequired && completion.Kind == CompletionKind.Peeked)
            {
                return Fail(completion.Token, out completion, socket);
            }
            BecomePlain(socket, ref row);
            return isPeeked || completion.Kind == CompletionKind.Ended; // what was seen comes again if it is to be read
        }
        if (_handshakes == _handshakesMax)
        {
            return Fail(completion.Token, out completion, socket);
        }
        _handshakes++;
        row.Stage = Stage.Secure;
        row.Tls = new TlsConnection(_certificate.Current, completion.Token, socket, isPeeked, _written);
        _sockets.Arm(socket);
        return false;
    }

    private void BecomePlain(int socket, ref Row row)
    {
        if (row.Stage == Stage.NewAndArmed)
        {
            _sockets.Arm(socket);
        }
        row.Stage = Stage.Plain;
        SayEarly(socket, ref row);
    }

    private bool Translate(TlsConnection tls, ref Completion completion)
    {
        switch (completion.Kind)
        {
            case CompletionKind.Received:
            case CompletionKind.Ended:
                return Receive(tls, completion.Buffer.AsMemory(completion.Offset, completion.Count), out completion);
            case CompletionKind.Sent:
                return SendRest(tls, out completion);
            default:
                bool isTold = tls.IsFailed;
                tls.IsFailed = true;
                return !isTold;
        }
    }

    private bool Receive(TlsConnection tls, ReadOnlyMemory<byte> records, out Completion completion)
    {
        completion = default;
        if (tls.IsFailed || tls.IsEnded)
        {
            return false; // after the end of TLS nothing counts
        }
        int? count = tls.Receive(records, _opened.AsMemory(ISystem.HeadroomBytes));
        if (tls.IsOpen && tls.IsUnderWay)
        {
            CountOff(tls);
            SayEarly(tls.Socket, ref RowOf(tls.Socket));
        }
        bool isSent = SendWritten(tls);
        if (count is not { } opened || !isSent || tls.IsFailed)
        {
            return Fail(tls, out completion);
        }
        if (tls.IsPeeked && opened > 0)
        {
            return Show(tls, opened, out completion);
        }
        if (opened > 0)
        {
            OweIfAny(tls);
            completion = new Completion(CompletionKind.Received, tls.Token, tls.Socket, _opened, ISystem.HeadroomBytes, opened);
            return true;
        }
        return Deliver(tls, out completion);
    }

    // What was peeked at stays, and is shown from its first byte.
    private bool Show(TlsConnection tls, int opened, out Completion completion)
    {
        tls.Keep(_opened.AsSpan(ISystem.HeadroomBytes, opened));
        if (tls.KeptCount >= KeptBytesMax)
        {
            _sockets.Disarm(tls.Socket);
        }
        OweIfAny(tls);
        completion = new Completion(CompletionKind.Peeked, tls.Token, tls.Socket, tls.Kept, ISystem.HeadroomBytes, tls.KeptCount);
        return true;
    }

    /// <summary>What no socket brings any more: what was peeked at, to be read now, and the end behind it.</summary>
    private bool Deliver(TlsConnection tls, out Completion completion)
    {
        completion = default;
        if (tls.IsFailed)
        {
            return false;
        }
        if (tls.IsArmed && tls.KeptCount > 0)
        {
            completion = new Completion(CompletionKind.Received, tls.Token, tls.Socket, tls.Kept, ISystem.HeadroomBytes, tls.KeptCount);
            tls.DropKept();
            OweIfAny(tls);
            return true;
        }
        if (tls.OwesEnded)
        {
            tls.IsEndTold = true;
            completion = Completion.Of(CompletionKind.Ended, tls.Token, tls.Socket);
            return true;
        }
        return false;
    }

    private void OweIfAny(TlsConnection tls)
    {
        if (!tls.IsQueued && ((tls.IsArmed && tls.KeptCount > 0) || tls.OwesEnded))
        {
            tls.IsQueued = true;
            _owing.Enqueue(tls);
        }
    }

    private static bool Fail(TlsConnection tls, out Completion completion)
    {
        tls.IsFailed = true;
        return Fail(tls.Token, out completion, tls.Socket);
    }

    private static bool Fail(ulong token, out Completion completion, int socket)
    {
        completion = Completion.Of(CompletionKind.Failed, token, socket);
        return true;
    }
}
