using Sluice.Loop;

namespace Sluice.WebSockets;

// From plaintext to records.
public sealed partial class TlsSystem
{
    private const int EarlyBytesMax = 4 * 1024;
    private const int PieceBytesMax = 64 * 1024; // of plaintext, whose records are written before the next are

    /// <inheritdoc/>
    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        ref Row row = ref RowOf(socket);
        if (row.IsUndecided || row.Tls is { IsOpen: false })
        {
            return new SendOutcome(SendStatus.Done, KeepEarly(ref row, buffer.AsSpan(offset, count)));
        }
        if (row.Tls is not { } tls)
        {
            return _sockets.Send(socket, buffer, offset, count);
        }
        int taken = 0;
        while (taken < count && !tls.IsBlocked && !tls.IsFailed)
        {
            int piece = Math.Min(count - taken, PieceBytesMax);
            tls.IsFailed = !TryWrite(tls, buffer.AsSpan(offset + taken, piece)) || !SendWritten(tls);
            taken += piece;
        }
        if (tls.IsFailed)
        {
            return new SendOutcome(SendStatus.Failed, 0);
        }
        tls.OwesRoom = tls.IsBlocked;
        return new SendOutcome(tls.IsBlocked && taken == count ? SendStatus.Full : SendStatus.Done, taken);
    }

    /// <inheritdoc/>
    public void ShutdownWrite(int socket)
    {
        ref Row row = ref RowOf(socket);
        if (row.Early is not null)
        {
            row.IsEndEarly = true;
        }
        else if (row.Tls is { } tls)
        {
            EndWriting(tls);
        }
        else
        {
            _sockets.ShutdownWrite(socket);
        }
    }

    /// <summary>Keeps what is said before it is known how to say it: an answer that does not wait for the request.</summary>
    /// <returns>How much is as good as sent: all, since a loop says little then, and what is more than little is lost.</returns>
    private static int KeepEarly(ref Row row, ReadOnlySpan<byte> bytes)
    {
        int room = EarlyBytesMax - (row.Early?.Length ?? 0);
        row.Early = [.. row.Early ?? [], .. bytes[..Math.Min(bytes.Length, room)]];
        return bytes.Length;
    }

    /// <summary>Says now what was to be said early.</summary>
    private void SayEarly(int socket, ref Row row)
    {
        if (row.Early is not { } early)
        {
            return;
        }
        row.Early = null;
        Send(socket, early, 0, early.Length); // the socket has sent nothing yet, so there is room; if it is broken, that is reported
        if (row.IsEndEarly)
        {
            ShutdownWrite(socket);
        }
    }

    private void EndWriting(TlsConnection tls)
    {
        try
        {
            tls.WriteEnd();
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Its handshake is not over, or it is broken: then it ends without a word.
        }
        if (!SendWritten(tls) || !tls.IsBlocked)
        {
            _sockets.ShutdownWrite(tls.Socket);
        }
        else
        {
            tls.OwesEnd = true;
        }
    }

    private static bool TryWrite(TlsConnection tls, ReadOnlySpan<byte> bytes)
    {
        try
        {
            tls.Write(bytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Sends the records that were written, behind those that wait.</summary>
    /// <returns>False when the socket is broken, or takes nothing while TLS goes on saying things.</returns>
    private bool SendWritten(TlsConnection tls)
    {
        ReadOnlySpan<byte> records = _written.WrittenSpan;
        if (records.IsEmpty)
        {
            return true;
        }
        if (!tls.IsBlocked)
        {
            SendOutcome outcome = _sockets.Send(tls.Socket, records);
            if (outcome.Status == SendStatus.Failed)
            {
                _written.ResetWrittenCount();
                return false;
            }
            records = records[outcome.Count..];
            tls.IsBlocked = records.Length > 0;
        }
        bool isOwnTalk = tls.IsBlocked && tls.Unsent.Count > UnsentByTlsMax && !tls.OwesRoom;
        tls.KeepUnsent(records);
        _written.ResetWrittenCount();
        return !isOwnTalk;
    }

    /// <summary>The socket has room: what waits goes first, and then the loop is told.</summary>
    private bool SendRest(TlsConnection tls, out Completion completion)
    {
        completion = default;
        if (tls.IsFailed)
        {
            return false;
        }
        tls.IsBlocked = false;
        if (tls.Unsent.Count > 0)
        {
            SendOutcome outcome = _sockets.Send(tls.Socket, tls.Unsent);
            if (outcome.Status == SendStatus.Failed)
            {
                return Fail(tls, out completion);
            }
            tls.Sent(outcome.Count);
            tls.IsBlocked = tls.Unsent.Count > 0;
        }
        if (tls.IsBlocked)
        {
            return false;
        }
        if (tls.OwesEnd)
        {
            tls.OwesEnd = false;
            _sockets.ShutdownWrite(tls.Socket);
        }
        bool owed = tls.OwesRoom;
        tls.OwesRoom = false;
        completion = Completion.Of(CompletionKind.Sent, tls.Token, tls.Socket);
        return owed;
    }
}
