using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Sluice.AspNetCore;
using Sluice.Channels;
using Sluice.Loop;
using Sluice.WebSockets;
using Endpoint = Sluice.Loop.Endpoint;

namespace Sluice.Server;

/// <summary>The running server: loops with their endpoints, and Kestrel for everything that is not theirs.</summary>
/// <remarks>On Linux the reactor owns the port, speaks TLS, and gives away what it does not serve; else Kestrel owns the port. What
/// Kestrel carries (HTTP/2, later requests of a connection) are guests on loops of their own. The server ends in the order in
/// which it began: loops first, so that their closing frames still go out, Kestrel last.</remarks>
internal sealed class ServerHost : IAsyncDisposable
{
    private const string ChannelPath = "/connection/websocket";
    private const string EchoPath = "/echo";
    private const int Backlog = 4096;

    private static readonly TimeSpan s_kestrelStopTimeout = TimeSpan.FromSeconds(2);

    private readonly ServerOptions _options;
    private readonly SharedPort _sharedPort = new();
    private readonly List<LoopThread> _threads = [];
    private readonly List<ISystem> _systems = [];
    private readonly EventLoop[] _reactor;
    private readonly GuestHost _guests;
    private readonly WebApplication _kestrel;
    private readonly Node _node;
    private readonly ListeningSocket? _listener;
    private readonly ServerCertificate? _certificate;

    private ServerHost(ServerOptions options)
    {
        _options = options;
        _certificate = options.Certificate is null ? null : new ServerCertificate(options.Certificate, Tell);
        _listener = options.OnlyKestrel ? null : ListeningSocket.Bind(new IPEndPoint(options.Host, options.Port), Backlog);
        _reactor = [.. Enumerable.Range(0, _listener is null ? 0 : options.Loops).Select(MakeLoop)];
        GuestLoop[] guests = [.. Enumerable.Range(0, options.Loops).Select(static _ => new GuestLoop())];
        EventLoop[] loops = [.. _reactor, .. guests.Select(static guest => guest.Loop)];
        // Channels live where most of their readers do.
        _node = new Node(loops, _listener is null ? loops : _reactor, options.Hub, options.Deflate, ChannelPath);
        LoopGroup group = new(_reactor);
        for (int i = 0; i < loops.Length; i++)
        {
            Action<Endpoint> serve = i < _reactor.Length ? loops[i].Serve : guests[i - _reactor.Length].Serve;
            serve(_node.Hubs[i]);
            if (options.Demo)
            {
                serve(new EchoEndpoint(loops[i], EchoPath) { Deflate = options.Deflate });
            }
        }
        for (int i = 0; i < _reactor.Length; i++)
        {
            _reactor[i].Group = group;
            _threads.Add(new LoopThread(_reactor[i], $"loop {i}"));
        }
        _guests = new GuestHost(guests);
        _kestrel = BuildKestrel();
    }

    /// <summary>Starts it; it serves when this returns.</summary>
    /// <exception cref="SocketException">The port cannot be had.</exception>
    /// <exception cref="CertificateException">The certificate cannot be used.</exception>
    public static async Task<ServerHost> StartAsync(ServerOptions options)
    {
        ServerHost host = new(options);
        foreach (LoopThread thread in host._threads)
        {
            thread.Start();
        }
        try
        {
            await host._kestrel.StartAsync();
        }
        catch (IOException e)
        {
            await host.DisposeAsync();
            throw e.InnerException?.InnerException as SocketException ?? new SocketException((int)SocketError.AddressAlreadyInUse);
        }
        return host;
    }

    /// <summary>Tells people, and scripts, where it is.</summary>
    public void Announce(TextWriter output)
    {
        bool isPlain = _certificate is null || !_options.OnlyKestrel;
        string address = $"{(isPlain ? "http" : "https")}://{Address}";
        output.WriteLine($"listening on {address}");
        if (isPlain && _certificate is not null)
        {
            output.WriteLine($"listening on https://{Address}");
        }
        if (_options.Demo)
        {
            output.WriteLine($"API key: {_options.ApiKey}");
            output.WriteLine($$$"""curl -X POST {{{address}}}/api/publish -H 'X-API-Key: {{{_options.ApiKey}}}' -d '{"channel": "chat:general", "data": {"text": "hello"}}'""");
        }
        output.Flush();
    }

    /// <summary>Serves until the process is asked to end.</summary>
    public async Task RunAsync()
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void End(PosixSignalContext context)
        {
            context.Cancel = true;
            ended.TrySetResult();
        }
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration? reload = _certificate is null ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            _certificate.Reload();
        });
        await ended.Task;
    }

    public async ValueTask DisposeAsync()
    {
        Task guests = _guests.StopAsync();
        foreach (EventLoop loop in _reactor)
        {
            loop.Post(new BeginShutdown(loop));
        }
        await Task.WhenAll([guests, .. _threads.Select(static thread => thread.Stopped)]);
        _systems.ForEach(static system => system.Dispose());
        using (CancellationTokenSource timeout = new(s_kestrelStopTimeout))
        {
            await _kestrel.StopAsync(timeout.Token);
        }
        await _kestrel.DisposeAsync();
        _sharedPort.Dispose();
        _certificate?.Dispose();
    }

    private EventLoop MakeLoop(int number)
    {
        ListeningSocket? listener = number == 0 ? _listener : null;
        ISystem system = _certificate is null
            ? new EpollSystem(socket => _sharedPort.Offer(socket), listener)
            : new TlsSystem(_certificate, _sharedPort.Offer, listener);
        _systems.Add(system);
        return new EventLoop(system, new EventLoopOptions { ReleasesForeign = true });
    }

    private static void Tell(string line) => Console.Error.WriteLine($"sluice: {line}");

    private IPEndPoint Address => _listener?.EndPoint
        ?? IPEndPoint.Parse(new Uri(_kestrel.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority);

    private WebApplication BuildKestrel()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(static console => console.SingleLine = true);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // what fails at the start is told in one line by the program
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (_options.OnlyKestrel)
            {
                kestrel.BoundHttp2().Listen(_options.Host, _options.Port, Secure);
            }
        });
        if (_options.OnlyKestrel)
        {
            builder.WebHost.UseSockets(static sockets => sockets.LimitUnsent());
        }
        else
        {
            builder.Services.AddSharedPort(_sharedPort);
        }
        WebApplication kestrel = builder.Build();
        MapRoutes(kestrel);
        return kestrel;
    }

    private void Secure(ListenOptions listen)
    {
        if (_certificate is not null)
        {
            listen.UseCertificate(_certificate);
        }
    }

    private void MapRoutes(WebApplication kestrel)
    {
        string pages = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        if (_options.Demo && Directory.Exists(pages))
        {
            kestrel.UseFileServer(new FileServerOptions { FileProvider = new PhysicalFileProvider(pages) });
        }
        kestrel.MapWebSocket(ChannelPath, _guests);
        if (_options.Demo)
        {
            kestrel.MapWebSocket(EchoPath, _guests);
        }
        kestrel.MapGet("/health", static context => context.Response.WriteAsync("ok\n", context.RequestAborted));
        new HttpApi(new ChannelApi(_node, _options.Hub), _options.ApiKey).Map(kestrel);
    }

    private sealed class BeginShutdown(EventLoop loop) : LoopMessage
    {
        public override void Run() => loop.BeginShutdown();
    }
}
