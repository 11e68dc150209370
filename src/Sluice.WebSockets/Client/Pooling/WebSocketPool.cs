namespace Sluice.WebSockets;

/// <summary>Keeps connections to one server and rents them, one at a time each.</summary>
/// <example>
/// <code>
/// await using WebSocketPool pool = new(new Uri("wss://quotes.example/rpc"));
/// await using PooledWebSocket rented = await pool.RentAsync();
/// await rented.Socket.SendAsync("EURUSD?");
/// Console.WriteLine((await rented.Socket.ReadAsync())?.Text);
/// </code>
/// </example>
/// <remarks>
/// <para><b>Threads.</b> Any.</para>
/// <para><b>Who is served.</b> The connection used last is rented first, so that those which are not needed grow old and are
/// retired. If there is none and no more may be opened, callers wait in order for one to be given back.</para>
/// <para><b>What is rented</b> is open and silent as far as can be known: unused connections are watched, and one that was
/// unused for <see cref="WebSocketPoolOptions.HealthAfterMs"/> must answer a ping first.</para>
/// </remarks>
public sealed class WebSocketPool : IAsyncDisposable
{
    private readonly Uri _uri;
    private readonly WebSocketPoolOptions _options;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly List<PooledConnection> _idle = []; // the one used last at the end
    private readonly LinkedList<TaskCompletionSource<PooledConnection?>> _waiters = [];
    private int _connections;
    private long _created;
    private long _retired;
    private bool _isDisposed;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="uri">The server, as for <see cref="WebSocketClient.ConnectAsync"/>.</param>
    /// <param name="options">How; null: <see cref="WebSocketPoolOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public WebSocketPool(Uri uri, WebSocketPoolOptions? options = null)
    {
        _uri = uri;
        _options = options ?? WebSocketPoolOptions.Default;
        _options.Validate();
        _clock = _options.Client.TimeProvider;
    }

    /// <summary>How it stands now.</summary>
    public WebSocketPoolMetrics Metrics
    {
        get
        {
            lock (_gate)
            {
                return new(_connections, _idle.Count, _waiters.Count, _created, _retired);
            }
        }
    }

    /// <summary>Rents a connection: one that is unused, a new one, or the next that is given back.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WebSocketClientException"><see cref="WebSocketFailure.PoolExhausted"/>: too many wait already.
    /// <see cref="WebSocketFailure.Timeout"/>: none was given back in time. Else: none could be opened.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public async ValueTask<PooledWebSocket> RentAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            PooledConnection? connection = await TakeAsync(cancellationToken).ConfigureAwait(false)
                ?? await OpenAsync(cancellationToken).ConfigureAwait(false);
            bool isFit = false;
            try
            {
                isFit = await IsFitAsync(connection, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (!isFit)
                {
                    Retire(connection);
                }
            }
            if (isFit)
            {
                return new PooledWebSocket(this, connection);
            }
        }
    }

    /// <summary>Closes the unused connections. Rented ones are closed when they are given back; who waits for one fails.</summary>
    public async ValueTask DisposeAsync()
    {
        PooledConnection[] idle;
        lock (_gate)
        {
            _isDisposed = true;
            idle = [.. _idle];
            _idle.Clear();
            _connections -= idle.Length;
            _retired += idle.Length;
            foreach (TaskCompletionSource<PooledConnection?> waiter in _waiters)
            {
                waiter.TrySetException(new ObjectDisposedException(nameof(WebSocketPool)));
            }
            _waiters.Clear();
        }
        await Task.WhenAll(idle.Select(static connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    internal void TakeBack(PooledConnection connection, bool isDiscarded)
    {
        TimeSpan left = _clock.GetElapsedTime(_clock.GetTimestamp(), connection.RetireAt);
        if (isDiscarded || left <= TimeSpan.Zero || !connection.Client.IsClean)
        {
            Retire(connection);
            return;
        }
        TimeSpan idleTimeout = TimeSpan.FromMilliseconds(_options.IdleTimeoutMs);
        connection.Watch(_clock, left < idleTimeout ? left : idleTimeout, Unwatched);
        lock (_gate)
        {
            if (!connection.IsSpoilt && !_isDisposed)
            {
                if (_waiters.First is { } first)
                {
                    _waiters.RemoveFirst();
                    first.Value.SetResult(connection);
                    return;
                }
                if (_idle.Count < _options.ConnectionsIdleMax)
                {
                    _idle.Add(connection);
                    return;
                }
            }
        }
        Retire(connection);
    }

    // A connection that must still be looked at, or null: then one may be opened.
    private async ValueTask<PooledConnection?> TakeAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<PooledConnection?>> waiter;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_idle.Count > 0)
            {
                PooledConnection last = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
                return last;
            }
            if (_connections < _options.ConnectionsMax)
            {
                _connections++;
                return null;
            }
            if (_waiters.Count >= _options.WaitersMax)
            {
                throw new WebSocketClientException(WebSocketFailure.PoolExhausted, $"All {_connections} connections are in use, and {_waiters.Count} callers wait for one.");
            }
            waiter = _waiters.AddLast(new TaskCompletionSource<PooledConnection?>(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        using Deadline deadline = new(_options.WaitTimeoutMs, _clock, cancellationToken);
        try
        {
            return await waiter.Value.Task.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await LeaveQueueAsync(waiter).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw WebSocketClientException.Timeout("No connection was given back", _options.WaitTimeoutMs);
        }
    }

    // What was given to a caller at the moment when it went is passed on.
    private async ValueTask LeaveQueueAsync(LinkedListNode<TaskCompletionSource<PooledConnection?>> waiter)
    {
        lock (_gate)
        {
            if (waiter.List is not null)
            {
                _waiters.Remove(waiter);
                return;
            }
        }
        if (!waiter.Value.Task.IsCompletedSuccessfully)
        {
            return;
        }
        PooledConnection? connection = await waiter.Value.Task.ConfigureAwait(false);
        if (connection is null)
        {
            FreePlace();
            return;
        }
        await connection.StopWatchingAsync().ConfigureAwait(false);
        TakeBack(connection, isDiscarded: false);
    }

    private async Task<PooledConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            WebSocketClient client = await WebSocketClient.ConnectAsync(_uri, _options.Client, cancellationToken).ConfigureAwait(false);
            lock (_gate)
            {
                _created++;
            }
            double lifetimeMs = _options.LifetimeMs * (1 - (Random.Shared.NextDouble() / 10));
            return new PooledConnection(client, _clock.GetTimestamp() + (long)(lifetimeMs / 1000 * _clock.TimestampFrequency));
        }
        catch
        {
            FreePlace();
            throw;
        }
    }

    private async ValueTask<bool> IsFitAsync(PooledConnection connection, CancellationToken cancellationToken)
    {
        await connection.StopWatchingAsync().ConfigureAwait(false);
        if (connection.IsSpoilt || !connection.Client.IsOpen)
        {
            return false;
        }
        if (connection.IdleSince is not long since || _clock.GetElapsedTime(since) < TimeSpan.FromMilliseconds(_options.HealthAfterMs))
        {
            return true;
        }
        using Deadline deadline = new(_options.HealthTimeoutMs, _clock, cancellationToken);
        try
        {
            return await connection.Client.ProbeAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // Called when an unused connection's time was over, or something came; or when its watch was stopped.
    private void Unwatched(PooledConnection connection, bool came)
    {
        bool wasIdle;
        lock (_gate)
        {
            connection.IsSpoilt |= came;
            wasIdle = _idle.Remove(connection);
        }
        if (wasIdle)
        {
            Retire(connection);
        }
    }

    private void Retire(PooledConnection connection)
    {
        lock (_gate)
        {
            _retired++;
        }
        FreePlace();
        _ = connection.DisposeAsync().AsTask(); // never fails
    }

    // Whoever waits may open one.
    private void FreePlace()
    {
        lock (_gate)
        {
            if (_waiters.First is { } first)
            {
                _waiters.RemoveFirst();
                first.Value.SetResult(null);
                return;
            }
            _connections--;
        }
    }
}
