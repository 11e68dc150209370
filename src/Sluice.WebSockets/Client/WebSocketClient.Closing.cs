using Sluice.Protocol;

namespace Sluice.WebSockets;

public sealed partial class WebSocketClient
{
    private Ending? _ending;

    /// <summary>Closes: sends the close frame, waits for the server's, and for the server to end the connection, as RFC 6455,
    /// 7.1.1, wants it; all within <see cref="WebSocketClientOptions.CloseTimeoutMs"/>, after which the connection is aborted.
    /// What still arrives is dropped. If the connection is closed already, only what is left of that is waited for.</summary>
    /// <param name="code">Why: 1000 to 1003, 1007 to 1014 or 3000 to 4999.</param>
    /// <param name="reason">For people; cut to 123 bytes of UTF-8.</param>
    /// <param name="cancellationToken">Aborts the connection.</param>
    /// <exception cref="ArgumentOutOfRangeException">The code may not be sent.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task CloseAsync(ushort code = CloseCodes.Normal, string reason = "", CancellationToken cancellationToken = default)
    {
        if (!CloseCodes.IsValidReceived(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "A close code is 1000 to 1003, 1007 to 1014 or 3000 to 4999.");
        }
        using Deadline deadline = new(_options.CloseTimeoutMs, _options.TimeProvider, cancellationToken);
        try
        {
            _reader.Close(code, reason);
            await _sender.FlushAsync().WaitAsync(deadline.Token).ConfigureAwait(false);
            await ReadToEndAsync(deadline.Token).ConfigureAwait(false);
            await _ended.Task.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Abort();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Ends the connection without a closing handshake. Reads and sends that are under way fail.</summary>
    public void Abort() => Abort(new WebSocketClientException(WebSocketFailure.Lost, "This end aborted the connection."));

    internal void GiveUp() => Abort(WebSocketClientException.Timeout("The server gave no sign of life", _options.PongTimeoutMs));

    private void Abort(WebSocketClientException failure)
    {
        lock (_sender.Gate)
        {
            _ending ??= new Ending(CloseCodes.Abnormal, "", failure);
            _sender.IsClosing = true;
        }
        End();
    }

    // Reads until the server's close frame, or stands by until whoever reads has met it.
    private async Task ReadToEndAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _reader.Detach();
            while ((await NextAsync(whole: false, cancellationToken).ConfigureAwait(false)).Kind != ArrivalKind.End)
            {
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    // The first ending counts. Whoever met it leaves the rest of the closing handshake to run by itself.
    private void Settle(Ending ending)
    {
        lock (_sender.Gate)
        {
            if (_ending is not null)
            {
                return;
            }
            _ending = ending;
        }
        _ = FinishAsync();
    }

    // Our close frame goes out, then the server ends the connection first (RFC 6455, 7.1.1), or time is up.
    private async Task FinishAsync()
    {
        using Deadline deadline = new(_options.CloseTimeoutMs, _options.TimeProvider, CancellationToken.None);
        try
        {
            await _sender.FlushAsync().WaitAsync(deadline.Token).ConfigureAwait(false);
            await _reader.DrainAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException || FrameSender.IsOfTransport(error))
        {
            // The connection ends either way.
        }
        End();
    }

    private void End()
    {
        _keepAlive?.Dispose();
        _transport.Dispose();
        _ended.TrySetResult();
    }
}
