using System.Runtime.CompilerServices;

namespace Sluice.WebSockets;

public sealed partial class WebSocketClient : IMessageSource
{
    private readonly SemaphoreSlim _turn = new(1, 1); // of whoever reads: a caller, or whoever closes
    private WebSocketMessageStream? _lent; // the message that was read as a stream last
    private bool _isUnfinished; // something of it is still to come
    private bool _isTold;

    /// <summary>Reads the next message whole.</summary>
    /// <param name="cancellationToken">Stops waiting, and loses nothing.</param>
    /// <returns>A message that is valid until the next read, or null when the connection is closed.</returns>
    /// <exception cref="WebSocketClientException">The connection ended otherwise than by a close frame. Told once.</exception>
    /// <exception cref="InvalidOperationException">Another read is under way.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<WebSocketMessage?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!TakeTurn())
        {
            await _ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        try
        {
            await LeaveLentAsync(cancellationToken).ConfigureAwait(false);
            Arrival arrival = await NextPieceAsync(whole: true, cancellationToken).ConfigureAwait(false);
            return arrival.Kind == ArrivalKind.End ? null : new WebSocketMessage(arrival.Bytes, arrival.IsText);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Reads message after message until the connection is closed.</summary>
    /// <param name="cancellationToken">Ends it by an <see cref="OperationCanceledException"/>, and loses nothing.</param>
    /// <returns>Messages, each valid until the next is asked for.</returns>
    /// <exception cref="WebSocketClientException">The connection ended otherwise than by a close frame.</exception>
    public async IAsyncEnumerable<WebSocketMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is WebSocketMessage message)
        {
            yield return message;
        }
    }

    /// <summary>Begins to read the next message as a stream: it is given as it arrives, and never held whole.</summary>
    /// <param name="cancellationToken">Stops waiting, and loses nothing.</param>
    /// <returns>A stream that is valid until the next read, which skips what is left of it; or null when the connection is closed.</returns>
    /// <exception cref="WebSocketClientException">The connection ended otherwise than by a close frame. Told once.</exception>
    /// <exception cref="InvalidOperationException">Another read is under way, or <see cref="ReadAsync"/> was cancelled in the middle
    /// of a message and must go on with it.</exception>
    public async ValueTask<WebSocketMessageStream?> ReadStreamAsync(CancellationToken cancellationToken = default)
    {
        if (!TakeTurn())
        {
            await _ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        try
        {
            if (_reader.IsGathering)
            {
                throw new InvalidOperationException("ReadAsync was cancelled in the middle of a message and must go on with it.");
            }
            await LeaveLentAsync(cancellationToken).ConfigureAwait(false);
            Arrival arrival = await NextPieceAsync(whole: false, cancellationToken).ConfigureAwait(false);
            if (arrival.Kind == ArrivalKind.End)
            {
                return null;
            }
            _isUnfinished = !arrival.IsLast;
            return _lent = new WebSocketMessageStream(this, arrival);
        }
        finally
        {
            _turn.Release();
        }
    }

    async ValueTask<Arrival> IMessageSource.ReadOnAsync(WebSocketMessageStream stream, CancellationToken cancellationToken)
    {
        if (!TakeTurn())
        {
            throw WebSocketClientException.Closed(CloseCode, CloseReason);
        }
        try
        {
            Arrival arrival = await NextPieceAsync(whole: false, cancellationToken).ConfigureAwait(false);
            _isUnfinished = !arrival.IsLast;
            return arrival.Kind == ArrivalKind.Piece ? arrival : throw WebSocketClientException.Closed(CloseCode, CloseReason);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Open, and nothing is half read or half sent, as far as is known here.</summary>
    internal bool IsClean => IsOpen && _sender.IsIdle && _turn.CurrentCount == 1 && !_isUnfinished && _reader.IsClean;

    /// <summary>For whoever keeps the connection at hand without using it: waits until anything but a ping or a pong comes.</summary>
    internal async ValueTask WatchAsync(CancellationToken cancellationToken)
    {
        if (!TakeTurn())
        {
            return;
        }
        try
        {
            while ((await NextAsync(whole: false, cancellationToken).ConfigureAwait(false)).Kind == ArrivalKind.Pong)
            {
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whether the server answers a ping, and says nothing else before.</summary>
    internal async ValueTask<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        if (!TakeTurn())
        {
            return false;
        }
        try
        {
            _ = _sender.PingAsync(); // never throws, and may wait for a peer that takes nothing
            return (await NextAsync(whole: false, cancellationToken).ConfigureAwait(false)).Kind == ArrivalKind.Pong;
        }
        finally
        {
            _turn.Release();
        }
    }

    // False if somebody closes and reads to the end.
    private bool TakeTurn()
    {
        bool taken = _turn.Wait(0, CancellationToken.None);
        return taken || _sender.IsClosing ? taken : throw new InvalidOperationException("Another read is under way; one at a time is possible.");
    }

    private async ValueTask LeaveLentAsync(CancellationToken cancellationToken)
    {
        _lent?.Leave();
        _lent = null;
        while (_isUnfinished)
        {
            Arrival arrival = await NextPieceAsync(whole: false, cancellationToken).ConfigureAwait(false);
            _isUnfinished = !arrival.IsLast && arrival.Kind != ArrivalKind.End;
        }
    }

    // The end is told here, once, if it is a failure.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Arrival> NextPieceAsync(bool whole, CancellationToken cancellationToken)
    {
        Arrival arrival;
        do
        {
            arrival = await NextAsync(whole, cancellationToken).ConfigureAwait(false);
        }
        while (arrival.Kind == ArrivalKind.Pong);
        if (arrival.Kind == ArrivalKind.End && _ending!.Failure is not null && !_isTold)
        {
            _isTold = true;
            throw _ending.Failure;
        }
        return arrival;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Arrival> NextAsync(bool whole, CancellationToken cancellationToken)
    {
        Arrival arrival = await _reader.NextAsync(whole, cancellationToken).ConfigureAwait(false);
        if (arrival.Kind == ArrivalKind.End)
        {
            Settle(arrival.Ending!);
        }
        return arrival;
    }
}
