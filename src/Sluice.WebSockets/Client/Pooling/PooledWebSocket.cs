namespace Sluice.WebSockets;

/// <summary>A connection that is rented from a <see cref="WebSocketPool"/>. Disposing it gives it back, if it is clean: open, and
/// nothing in it is half read or half sent. Else it is closed.</summary>
/// <remarks>The pool cannot know which answers are still to come: whoever leaves one unread, calls <see cref="Discard"/>.</remarks>
public sealed class PooledWebSocket : IAsyncDisposable
{
    private readonly WebSocketPool _pool;
    private PooledConnection? _connection;
    private bool _isDiscarded;

    internal PooledWebSocket(WebSocketPool pool, PooledConnection connection)
    {
        _pool = pool;
        _connection = connection;
    }

    /// <summary>The connection. Do not use it after it was given back, nor dispose it.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public WebSocketClient Socket => _connection?.Client ?? throw new ObjectDisposedException(nameof(PooledWebSocket));

    /// <summary>Has it closed when it is given back.</summary>
    public void Discard() => _isDiscarded = true;

    /// <summary>Gives it back. Waits for nothing and never throws.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _connection, null) is PooledConnection connection)
        {
            _pool.TakeBack(connection, _isDiscarded);
        }
        return ValueTask.CompletedTask;
    }
}
