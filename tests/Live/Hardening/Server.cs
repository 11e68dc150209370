using System.Collections.Concurrent;
using System.Net;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Sluice.AspNetCore;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Hardening;

/// <summary>What carries connections to their loop.</summary>
public enum Carriage
{
    /// <summary>The loop's own sockets.</summary>
    Reactor,

    /// <summary>The same, over TLS.</summary>
    Tls,

    /// <summary>Kestrel, over HTTP/1.1.</summary>
    Kestrel,
}

/// <summary>A running server: one loop with a witness, and what carries connections to it. At its end it must hold nothing.</summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly EventLoop _loop;
    private readonly ISystem? _sockets;
    private readonly CertificateFolder? _folder;
    private readonly ServerCertificate? _certificate;
    private readonly LoopThread? _thread;
    private readonly GuestLoop? _guests;
    private readonly GuestHost? _host;
    private readonly WebApplication? _kestrel;
    private readonly ConcurrentQueue<string> _thrown = [];

    private Server(Carriage carriage, EventLoopOptions options, Func<EventLoop, Witness> witness)
    {
        AppDomain.CurrentDomain.FirstChanceException += Note;
        if (carriage is Carriage.Reactor or Carriage.Tls)
        {
            ListeningSocket listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 512);
            _folder = carriage == Carriage.Tls ? new CertificateFolder() : null;
            _certificate = _folder?.Load();
            _sockets = _certificate is null
                ? new EpollSystem(static _ => { }, listener)
                : new TlsSystem(_certificate, static (_, _) => { }, listener, isRequired: true);
            _loop = new EventLoop(_sockets, options);
            Witness = witness(_loop);
            _loop.Serve(Witness);
            _thread = new LoopThread(_loop, "loop");
            EndPoint = Http2 = listener.EndPoint;
            return;
        }
        _guests = new GuestLoop(options);
        _loop = _guests.Loop;
        Witness = witness(_loop);
        _guests.Serve(Witness);
        _host = new GuestHost([_guests]);
        _kestrel = BuildKestrel();
        EndPoint = Http2 = null!;
    }

    internal IPEndPoint EndPoint { get; private set; }

    /// <summary>Where Kestrel speaks HTTP/2 with prior knowledge.</summary>
    internal IPEndPoint Http2 { get; private set; }

    internal Witness Witness { get; }

    /// <summary>What was logged by whoever logs.</summary>
    internal ConcurrentQueue<string> Log { get; } = [];

    internal static async Task<Server> StartAsync(Carriage carriage, EventLoopOptions? options = null, Func<EventLoop, Witness>? witness = null)
    {
        Server server = new(carriage, options ?? EventLoopOptions.Default, witness ?? (static loop => new Witness(loop)));
        server._thread?.Start();
        if (server._kestrel is not null)
        {
            await server._kestrel.StartAsync();
            IPEndPoint[] addresses = [.. server._kestrel.Urls.Select(static url => IPEndPoint.Parse(new Uri(url).Authority))];
            (server.EndPoint, server.Http2) = (addresses[0], addresses[1]);
        }
        return server;
    }

    internal Peer Connect(int receiveBufferBytes = 0) => new(EndPoint, receiveBufferBytes, _certificate is not null);

    /// <summary>A peer whose connection is open.</summary>
    internal Peer Open(string headers = Wire.Good, int receiveBufferBytes = 0)
    {
        Peer peer = Connect(receiveBufferBytes);
        peer.Send(Wire.Request(headers));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead());
        return peer;
    }

    /// <summary>Asks the loop, on its thread.</summary>
    internal T Ask<T>(Func<EventLoop, T> ask)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(new Message(() => answer.SetResult(ask(_loop))));
        return answer.Task.WaitAsync(s_patience).Result;
    }

    /// <summary>Waits until this holds, as the loop sees it.</summary>
    internal async Task UntilAsync(Func<EventLoop, bool> holds)
    {
        DateTime end = DateTime.UtcNow + s_patience;
        while (!Ask(holds))
        {
            Assert.True(DateTime.UtcNow < end, Ask(static loop => $"{loop.Resources}"));
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until the loop holds nothing for anybody.</summary>
    internal Task ExpectNothingLeftAsync() => UntilAsync(loop => loop.Resources == default && (_guests?.GuestCount ?? 0) == 0);

    public async ValueTask DisposeAsync()
    {
        _loop.Post(new Message(_loop.BeginShutdown));
        await (_thread?.Stopped ?? _host!.StopAsync()).WaitAsync(s_patience);
        LoopResources left = _loop.Resources;
        _sockets?.Dispose();
        _certificate?.Dispose();
        _folder?.Dispose();
        if (_kestrel is not null)
        {
            await _kestrel.DisposeAsync();
        }
        AppDomain.CurrentDomain.FirstChanceException -= Note;
        Assert.Equal(default, left);
        Assert.Empty(_thrown);
        Assert.Empty(Witness.Misdeeds);
    }

    // What a peer sends is a value: a turn throws nothing, not even to catch it. (Kestrel throws when a connection is gone; its
    // guest makes a value of it.)
    private void Note(object? sender, FirstChanceExceptionEventArgs e)
    {
        if (e.Exception is not IOException && Environment.StackTrace.Contains("Sluice.Loop.EventLoop.Turn", StringComparison.Ordinal))
        {
            _thrown.Enqueue(e.Exception.ToString());
        }
    }

    private WebApplication BuildKestrel()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(new LogTo(Log)).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseSockets(static sockets => sockets.LimitUnsent());
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromMilliseconds(500);
            kestrel.BoundHttp2().Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        WebApplication kestrel = builder.Build();
        kestrel.MapWebSocket(Wire.Path, _host!);
        return kestrel;
    }

    private sealed class Message(Action act) : LoopMessage
    {
        public override void Run() => act();
    }

    private sealed class LogTo(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}

/// <summary>A server of each kind, for tests that need no limits of their own.</summary>
public sealed class Servers : IAsyncLifetime
{
    private readonly Dictionary<Carriage, Server> _servers = [];

    internal Server this[Carriage carriage] => _servers[carriage];

    public async ValueTask InitializeAsync()
    {
        foreach (Carriage carriage in Enum.GetValues<Carriage>())
        {
            _servers[carriage] = await Server.StartAsync(carriage, null, static loop => new Witness(loop)
            {
                Deflate = new() { MessageBytesMin = 0 },
                Subprotocols = ["best", "good"],
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Server server in _servers.Values)
        {
            await server.DisposeAsync();
        }
    }
}
