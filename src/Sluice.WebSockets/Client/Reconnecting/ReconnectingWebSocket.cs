using System.Runtime.CompilerServices;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Keeps a connection to a server up: when it ends, another is opened, with growing, jittered waits.</summary>
/// <example>
/// <code>
/// await using ReconnectingWebSocket socket = new(new Uri("wss://example.com/feed"), new ReconnectingWebSocketOptions
/// {
///     OnOpen = (connection, cancel) => connection.SendAsync("subscribe quotes", cancel).AsTask(),
/// });
/// socket.StateChanged += state => Console.WriteLine(state.Status);
/// await foreach (WebSocketMessage message in socket.ReadAllAsync())
/// {
///     Console.WriteLine(message.Text);
/// }
/// </code>
/// </example>
/// <remarks>
/// <para><b>What drives it</b> is <see cref="ReadAllAsync"/>: it connects, reads and waits; there is no task besides. So nothing
/// happens while its messages are not asked for.</para>
/// <para><b>What is lost.</b> What the server sent while there was no connection, and what was sent in the moment when one broke.
/// Whoever needs more numbers messages and asks, in <see cref="ReconnectingWebSocketOptions.OnOpen"/>, for those missed.</para>
/// <para><b>Threads.</b> One <see cref="ReadAllAsync"/>; everything else from anywhere.</para>
/// </remarks>
public sealed class ReconnectingWebSocket : IAsyncDisposable
{
    private readonly Uri _uri;
    private readonly ReconnectingWebSocketOptions _options;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource<WebSocketClient> _open = NewPromise();
    private volatile WebSocketClient? _client;
    private WebSocketClientException? _failure; // the last, while there is no connection
    private int _failures;
    private long _openedAt;
    private long _retryAt;
    private int _isReading;

    /// <summary>Makes one, which connects when it is read from.</summary>
    /// <param name="uri">The server, as for <see cref="WebSocketClient.ConnectAsync"/>.</param>
    /// <param name="options">How; null: <see cref="ReconnectingWebSocketOptions.Default"/>.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ReconnectingWebSocket(Uri uri, ReconnectingWebSocketOptions? options = null)
    {
        _uri = uri;
        _options = options ?? ReconnectingWebSocketOptions.Default;
        _options.Validate();
        _clock = _options.Client.TimeProvider;
    }

    /// <summary>Tells each new <see cref="State"/>. A handler neither blocks nor throws.</summary>
    public event Action<ReconnectingState>? StateChanged;

    /// <summary>Where it stands.</summary>
    public ReconnectingState State { get; private set; } = new(ReconnectingStatus.Stopped);

    /// <summary>Reads the next message, over as many connections as it takes.</summary>
    /// <param name="cancellationToken">Stops waiting, and loses nothing.</param>
    /// <returns>A message that is valid until the next read, or null after <see cref="CloseAsync"/>.</returns>
    /// <exception cref="WebSocketClientException">The last failure: it is of a kind after which there is no use in trying again, or
    /// too many attempts have failed. Reading again begins anew.</exception>
    /// <exception cref="InvalidOperationException">Another read is under way.</exception>
    public async ValueTask<WebSocketMessage?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
        {
            throw new InvalidOperationException("Another read is under way; one at a time is possible.");
        }
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                if (_client is not WebSocketClient client)
                {
                    await TryOpenAsync(cancellationToken).ConfigureAwait(false);
                }
                else if (await ReadFromAsync(client, cancellationToken).ConfigureAwait(false) is WebSocketMessage message)
                {
                    return message;
                }
            }
            Stop(null);
            return null;
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    /// <summary>Reads message after message, over as many connections as it takes, until <see cref="CloseAsync"/>.</summary>
    /// <param name="cancellationToken">Ends it by an <see cref="OperationCanceledException"/>, and loses nothing.</param>
    /// <returns>Messages, each valid until the next is asked for.</returns>
    /// <exception cref="WebSocketClientException">As for <see cref="ReadAsync"/>.</exception>
    public async IAsyncEnumerable<WebSocketMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is WebSocketMessage message)
        {
            yield return message;
        }
    }

    /// <summary>Waits until there is a connection, which somebody must be reading for.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The connection: for sending, not for reading or disposing.</returns>
    /// <exception cref="WebSocketClientException">It was closed or given up.</exception>
    public Task<WebSocketClient> WhenOpenAsync(CancellationToken cancellationToken = default) => _open.Task.WaitAsync(cancellationToken);

    /// <summary>Sends a text message, when there is a connection.</summary>
    /// <inheritdoc cref="WebSocketClient.SendAsync(string, CancellationToken)"/>
    public async ValueTask SendAsync(string text, CancellationToken cancellationToken = default)
    {
        WebSocketClient client = await WhenOpenAsync(cancellationToken).ConfigureAwait(false);
        await client.SendAsync(text, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a binary message, when there is a connection.</summary>
    /// <inheritdoc cref="WebSocketClient.SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default)
    {
        WebSocketClient client = await WhenOpenAsync(cancellationToken).ConfigureAwait(false);
        await client.SendAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the connection, as <see cref="WebSocketClient.CloseAsync"/> does, and opens no other. Reading ends.</summary>
    /// <inheritdoc cref="WebSocketClient.CloseAsync"/>
    public async Task CloseAsync(ushort code = CloseCodes.Normal, string reason = "", CancellationToken cancellationToken = default)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_client is WebSocketClient client)
        {
            await client.CloseAsync(code, reason, cancellationToken).ConfigureAwait(false);
        }
        if (Volatile.Read(ref _isReading) == 0)
        {
            Stop(null);
        }
    }

    /// <summary>Closes, if that was not done. Never throws.</summary>
    public async ValueTask DisposeAsync() => await CloseAsync().ConfigureAwait(false);

    private static TaskCompletionSource<WebSocketClient> NewPromise() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask<WebSocketMessage?> ReadFromAsync(WebSocketClient client, CancellationToken cancellationToken)
    {
        WebSocketClientException failure;
        try
        {
            if (await client.ReadAsync(cancellationToken).ConfigureAwait(false) is WebSocketMessage message)
            {
                return message;
            }
            failure = WebSocketClientException.Closed(client.CloseCode, client.CloseReason);
        }
        catch (WebSocketClientException told)
        {
            failure = told;
        }
        bool lasted = _clock.GetElapsedTime(_openedAt) >= TimeSpan.FromMilliseconds(_options.StableAfterMs);
        Drop(client);
        Fail(failure, lasted ? 0 : _failures + 1);
        return null;
    }

    private async ValueTask TryOpenAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        WebSocketClient? client = null;
        WebSocketClientException failure;
        ReconnectingState before = State;
        try
        {
            await BackOffAsync(either.Token).ConfigureAwait(false);
            Enter(new(ReconnectingStatus.Connecting, _failures));
            client = await WebSocketClient.ConnectAsync(_uri, _options.Client, either.Token).ConfigureAwait(false);
            await (_options.OnOpen?.Invoke(client, either.Token) ?? Task.CompletedTask).ConfigureAwait(false);
            Open(client);
            return;
        }
        catch (WebSocketClientException told)
        {
            Drop(client);
            failure = told;
        }
        catch (Exception error)
        {
            Drop(client);
            if (error is OperationCanceledException && _stopping.IsCancellationRequested)
            {
                return;
            }
            if (error is OperationCanceledException && cancellationToken.IsCancellationRequested)
            {
                Return(before);
            }
            else
            {
                Stop(new WebSocketClientException(WebSocketFailure.Lost, $"The attempt failed otherwise: {error.Message}", error));
            }
            throw;
        }
        Fail(failure, _failures + 1);
    }

    private async ValueTask BackOffAsync(CancellationToken cancellationToken)
    {
        TimeSpan left = _failure is null ? TimeSpan.Zero : _clock.GetElapsedTime(_clock.GetTimestamp(), _retryAt);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, _clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Open(WebSocketClient client)
    {
        _openedAt = _clock.GetTimestamp();
        _failure = null;
        _client = client;
        _open.TrySetResult(client);
        Enter(new(ReconnectingStatus.Open, _failures));
    }

    // The rest of a closing handshake runs by itself, and never fails.
    private void Drop(WebSocketClient? client)
    {
        _client = null;
        _ = client?.DisposeAsync().AsTask();
    }

    private void Fail(WebSocketClientException failure, int failures)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }
        if (failures >= _options.AttemptsMax || !_options.ShouldReconnect(failure))
        {
            Stop(failure);
            throw failure;
        }
        double askedMs = Math.Min(failure.RetryAfter?.TotalMilliseconds ?? 0, _options.RetryAfterMaxMs);
        int delayMs = (int)Math.Min(int.MaxValue, askedMs + new Backoff(_options.BackoffMinMs, _options.BackoffMaxMs).DelayMs(Math.Max(failures, 1), _options.Random));
        _retryAt = _clock.GetTimestamp() + (delayMs * _clock.TimestampFrequency / 1000);
        (_failure, _failures) = (failure, failures);
        if (_open.Task.IsCompleted)
        {
            _open = NewPromise();
        }
        Enter(new(ReconnectingStatus.Waiting, failures, delayMs, failure));
    }

    private void Stop(WebSocketClientException? failure)
    {
        Drop(_client);
        (_failure, _failures) = (null, 0);
        _open.TrySetException(failure ?? WebSocketClientException.Closed(null, null));
        _ = _open.Task.Exception; // nobody need have been waiting for it
        if (!_stopping.IsCancellationRequested)
        {
            _open = NewPromise();
        }
        if (State.Status != ReconnectingStatus.Stopped)
        {
            Enter(new(ReconnectingStatus.Stopped, Cause: failure));
        }
    }

    // An attempt was given up by whoever read, and counts for nothing.
    private void Return(ReconnectingState before)
    {
        if (State != before)
        {
            Enter(before);
        }
    }

    private void Enter(ReconnectingState state)
    {
        State = state;
        StateChanged?.Invoke(state);
    }
}
