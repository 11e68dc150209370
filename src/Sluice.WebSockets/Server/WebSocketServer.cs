using System.Net;
using System.Net.Sockets;
using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>A WebSocket server on Linux: paths, what is done with their sockets, and event loops that do it.</summary>
/// <remarks>
/// <para><b>Order.</b> Map the paths, <see cref="Start"/>, and in the end <see cref="StopAsync"/>; once each. <see cref="RunAsync"/> is both.</para>
/// <para><b>Cost.</b> An idle socket costs its rows, 130 bytes, and what its handler keeps of it: no task, no object, no buffer. (With TLS what OpenSSL keeps, some 40 KB.)
/// Only those of <see cref="MapAsync"/> are objects with a task each.</para>
/// <para><b>Not here:</b> HTTP/2, other requests on the same port, other operating systems. For these there is Sluice.AspNetCore.</para>
/// </remarks>
public sealed class WebSocketServer : IAsyncDisposable
{
    private const int PathsMax = 254; // a connection's row names its path by a byte

    private readonly Dictionary<string, Func<ServerLoop, Endpoint>> _paths = [];
    private readonly RunningHandlers _running = new();
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private volatile ServerLoop[] _loops = [];
    private bool _isStarted;
    private Task? _stopped;
    private IPEndPoint? _endPoint;
    private int _topics;

    /// <summary>Makes a server that does not listen yet.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public WebSocketServer(WebSocketServerOptions? options = null)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("WebSocketServer runs on Linux, on epoll. On other systems host WebSockets in Kestrel by Sluice.AspNetCore.");
        }
        Options = options ?? new();
        Options.Validate();
    }

    /// <summary>Where it listens, with the real port.</summary>
    /// <exception cref="InvalidOperationException">It was not started.</exception>
    public IPEndPoint EndPoint => _endPoint ?? throw new InvalidOperationException("The server was not started.");

    /// <summary>Its settings. A path's own replace all of them, so begin with these: <c>server.Options with { Overflow = ... }</c>.</summary>
    public WebSocketServerOptions Options { get; }

    /// <summary>Serves a path by a callback that takes whole messages.</summary>
    /// <param name="path">Exactly as in a request, such as <c>/echo</c>, without a query.</param>
    /// <param name="received">Called on the loops' threads, for different sockets at the same time; must not wait.</param>
    /// <param name="options">Null: the server's. Others replace them, all of them; see <see cref="Options"/>.</param>
    /// <inheritdoc cref="Map(string, Func{WebSocketHandler}, WebSocketPathOptions?)"/>
    public void Map(string path, MessageReceived received, WebSocketPathOptions? options = null) => Map(path, new CallbackHandler(received), options);

    /// <summary>Serves a path by one handler for all loops, which call it at the same time.</summary>
    /// <inheritdoc cref="Map(string, Func{WebSocketHandler}, WebSocketPathOptions?)"/>
    public void Map(string path, WebSocketHandler handler, WebSocketPathOptions? options = null) => Map(path, () => handler, options);

    /// <summary>Serves a path by one handler for all loops, which call it at the same time; each socket has a state of its own.</summary>
    /// <inheritdoc cref="Map(string, Func{WebSocketHandler}, WebSocketPathOptions?)"/>
    public void Map<TState>(string path, WebSocketHandler<TState> handler, WebSocketPathOptions? options = null) =>
        Map(path, () => new StatefulHandler<TState>(handler), options);

    /// <summary>Serves a path by a handler for each loop, so that its fields are one thread's; each socket has a state of its own.</summary>
    /// <inheritdoc cref="Map(string, Func{WebSocketHandler}, WebSocketPathOptions?)"/>
    public void Map<TState>(string path, Func<WebSocketHandler<TState>> handler, WebSocketPathOptions? options = null) =>
        Map(path, () => new StatefulHandler<TState>(handler()), options);

    /// <summary>Serves a path by a handler for each loop, so that its fields are one thread's.</summary>
    /// <param name="path">Exactly as in a request, such as <c>/chat</c>, without a query.</param>
    /// <param name="handler">Called once for each loop, by <see cref="Start"/>.</param>
    /// <param name="options">Null: the server's. Others replace them, all of them; see <see cref="Options"/>.</param>
    /// <exception cref="ArgumentException">This is no path, or it is served already, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The server was started, or there are 254 paths already.</exception>
    public void Map(string path, Func<WebSocketHandler> handler, WebSocketPathOptions? options = null)
    {
        CheckPath(path);
        options ??= Options;
        options.Validate();
        lock (_gate)
        {
            if (_isStarted || _paths.Count == PathsMax)
            {
                throw new InvalidOperationException($"Paths are mapped before the start, at most {PathsMax}.");
            }
            if (!_paths.TryAdd(path, loop => new ServerEndpoint(loop, path, handler(), options)))
            {
                throw new ArgumentException($"{path} is served already.", nameof(path));
            }
        }
    }

    /// <summary>Serves a path in the await style: a method for each socket, which reads and sends, and whose return closes it.</summary>
    /// <remarks>It runs on the thread pool. When it returns the socket is closed with 1000, when it throws with 1011; see <see cref="AsyncWebSocket"/>.</remarks>
    /// <param name="path">Exactly as in a request, without a query.</param>
    /// <param name="handler">Its token is cancelled when the connection is over.</param>
    /// <param name="options">Null: the server's.</param>
    /// <exception cref="ArgumentException">This is no path, or it is served already.</exception>
    public void MapAsync(string path, Func<AsyncWebSocket, CancellationToken, Task> handler, WebSocketPathOptions? options = null) =>
        Map(path, new AsyncHandler(handler, options ?? Options, _running), options);

    /// <summary>Listens and serves. It serves when this returns.</summary>
    /// <exception cref="SocketException">The address cannot be had, <see cref="SocketError.AddressAlreadyInUse"/> for one.</exception>
    /// <exception cref="InvalidOperationException">It was started before, or stopped.</exception>
    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted || _stopped is not null)
            {
                throw new InvalidOperationException("A server is started once, and not after it was stopped.");
            }
            ListeningSocket listener = ListeningSocket.Bind(Options.EndPoint, Options.Backlog);
            ServerLoop[] loops = MakeLoops(listener);
            _endPoint = listener.EndPoint;
            _isStarted = true;
            _loops = loops;
            foreach (ServerLoop loop in loops)
            {
                loop.Start();
            }
        }
    }

    /// <summary>Starts, serves until it is to stop, and stops.</summary>
    /// <param name="cancellationToken">Has it stop, as <see cref="StopAsync"/> does. None: it serves until somebody calls that.</param>
    /// <returns>Complete when it has stopped; being told to is no exception.</returns>
    /// <inheritdoc cref="Start"/>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        Start();
        await _stopping.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Stops: accepts no more, closes every socket with 1001, and waits until they are gone and their handlers have returned.</summary>
    /// <remarks>That takes as long as the slowest client takes to close, within the bounds of <see cref="EventLoopOptions"/>. After
    /// <see cref="WebSocketServerOptions.StopTimeoutMs"/>, or when cancelled, what is left is cut off, and handlers that have not returned are left
    /// to themselves. A callback that never returns holds this up for ever; a handler that awaits it waits for itself, until the time is over.</remarks>
    /// <param name="cancellationToken">Ends the patience; the server is stopped all the same.</param>
    public Task StopAsync(CancellationToken cancellationToken = default)
    {
        _stopping.TrySetResult();
        lock (_gate)
        {
            return _stopped ??= _isStarted ? StopLoopsAsync(_loops, cancellationToken) : Task.CompletedTask;
        }
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    internal int NumberTopic() => Interlocked.Increment(ref _topics) & int.MaxValue;

    /// <summary>One of the loops, always the same for a number; null before the start.</summary>
    internal ServerLoop? LoopFor(int number) => _loops is { Length: > 0 } loops ? loops[number % loops.Length] : null;

    internal bool Has(ServerLoop loop) => loop.Number < _loops.Length && _loops[loop.Number] == loop;

    private static void CheckPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith('/') || path.AsSpan().ContainsAnyExceptInRange('!', '~') || path.AsSpan().ContainsAny('?', '#'))
        {
            throw new ArgumentException($"\"{path}\" is not a path as in a request line, such as /chat.", nameof(path));
        }
    }

    private ServerLoop[] MakeLoops(ListeningSocket listener)
    {
        List<ServerLoop> loops = [];
        try
        {
            PostBudget posted = new(Options.PostedBytesMax);
            for (int i = 0; i < Options.Loops; i++)
            {
                loops.Add(new ServerLoop(i, Options, posted, i == 0 ? listener : null));
                foreach (Func<ServerLoop, Endpoint> endpoint in _paths.Values)
                {
                    loops[i].Loop.Serve(endpoint(loops[i]));
                }
            }
        }
        catch
        {
            listener.Dispose();
            loops.ForEach(static loop => loop.Dispose());
            throw;
        }
        LoopGroup group = new([.. loops.Select(static loop => loop.Loop)]);
        loops.ForEach(loop => loop.Loop.Group = group);
        return [.. loops];
    }

    private async Task StopLoopsAsync(ServerLoop[] loops, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Options.StopTimeoutMs);
        foreach (ServerLoop loop in loops)
        {
            loop.Loop.Post(new Shutdown(loop));
        }
        Task stopped = Task.WhenAll(loops.Select(static loop => loop.Stopped));
        await stopped.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!stopped.IsCompleted)
        {
            foreach (ServerLoop loop in loops)
            {
                loop.Loop.Post(new Cut(loop));
            }
            await stopped.ConfigureAwait(false);
        }
        await _running.NoneAsync().WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (ServerLoop loop in loops)
        {
            loop.Dispose();
        }
    }

    private sealed class Shutdown(ServerLoop loop) : LoopMessage
    {
        public override void Run() => loop.Loop.BeginShutdown();
    }

    private sealed class Cut(ServerLoop loop) : LoopMessage
    {
        public override void Run() => loop.Loop.EndShutdown();
    }
}
