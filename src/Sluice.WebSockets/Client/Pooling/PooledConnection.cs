namespace Sluice.WebSockets;

/// <summary>A connection of a pool. While nobody rents it, it is watched: pings are answered, and one that ends, or speaks
/// unasked, is found at once.</summary>
internal sealed class PooledConnection(WebSocketClient client, long retireAt) : IAsyncDisposable
{
    private CancellationTokenSource? _stop;
    private Task _watching = Task.CompletedTask;

    internal WebSocketClient Client => client;

    /// <summary>When it is too old to be rented, as a time stamp.</summary>
    internal long RetireAt => retireAt;

    /// <summary>When it was given back last, as a time stamp; null: never.</summary>
    internal long? IdleSince { get; private set; }

    /// <summary>It ended, or said something that nobody had asked for. Guarded by the pool's gate.</summary>
    internal bool IsSpoilt { get; set; }

    /// <summary>Watches until the time is over, <see cref="StopWatchingAsync"/> is called, or something came.</summary>
    /// <param name="clock">The pool's.</param>
    /// <param name="timeout">How long it may be unused.</param>
    /// <param name="ended">Called when nobody stopped it, with true if something came.</param>
    internal void Watch(TimeProvider clock, TimeSpan timeout, Action<PooledConnection, bool> ended)
    {
        IdleSince = clock.GetTimestamp();
        _stop = new CancellationTokenSource(timeout, clock);
        _watching = WatchAsync(ended, _stop.Token);
    }

    internal async Task StopWatchingAsync()
    {
        _stop?.Cancel();
        await _watching.ConfigureAwait(false);
        _stop?.Dispose();
        _stop = null;
    }

    /// <summary>Closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopWatchingAsync().ConfigureAwait(false);
        await client.DisposeAsync().ConfigureAwait(false);
    }

    private async Task WatchAsync(Action<PooledConnection, bool> ended, CancellationToken stop)
    {
        bool came = true;
        try
        {
            await client.WatchAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            came = false;
        }
        ended(this, came);
    }
}
