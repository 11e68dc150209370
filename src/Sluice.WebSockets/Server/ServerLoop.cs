using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>One loop of a server: its thread, its kernel, its paths. What a <see cref="WebSocket"/> refers to.</summary>
internal sealed class ServerLoop : IDisposable
{
    private readonly ISystem _system;
    private readonly LoopThread _thread;
    private readonly Action<Exception> _error;

    internal ServerLoop(int number, WebSocketServerOptions options, PostBudget posted, ListeningSocket? listener)
    {
        Number = number;
        Posted = posted;
        _error = options.Error;
        _system = options.Certificate is null
            ? new EpollSystem(static _ => { }, listener)
            : new TlsSystem(options.Certificate, static (_, _) => { }, listener, isRequired: true, options.TlsLimits);
        Loop = new EventLoop(_system, options.LoopOptions with { ReleasesForeign = false });
        Subscriptions = new Subscriptions(Loop);
        _thread = new LoopThread(Loop, $"WebSockets {number}");
    }

    /// <summary>Its place among the server's loops.</summary>
    internal int Number { get; }

    internal EventLoop Loop { get; }

    internal PostBudget Posted { get; }

    internal Subscriptions Subscriptions { get; }

    internal bool IsCurrent => _thread.IsCurrent;

    internal Task Stopped => _thread.Stopped;

    internal void Start() => _thread.Start();

    /// <summary>Tells the application of its exception.</summary>
    internal void Report(Exception error) => _error(error);

    /// <summary>When the loop has stopped, or was never started.</summary>
    public void Dispose() => _system.Dispose();
}
