using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
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
/// <remarks>On Linux the reactor owns the port and gives away what it does not serve; else Kestrel owns the port, and the
/// loops' connections are all its guests. It ends in the order in which it began: loops first, so that their closing
/// frames still go out, Kestrel last.</remarks>
internal sealed class ServerHost : IAsyncDisposable
{
    private const string ChannelPath = "/connection/websocket";
    private const string EchoPath = "/echo";
    private const int Backlog = 4096;

    private static readonly TimeSpan s_kestrelStopTimeout = TimeSpan.FromSeconds(2);

    private readonly ServerOptions _options;
    private readonly SharedPort _sharedPort = new();
    private readonly List<GuestLoop> _loops = [];
    private readonly List<LoopThread> _threads = [];
    private readonly WebApplication _kestrel;
    private readonly Node _node;
    private readonly ListeningSocket? _listener;

    private ServerHost(ServerOptions options)
    {
        _options = options;
        _listener = options.OnlyKestrel ? null : ListeningSocket.Bind(new IPEndPoint(options.Host, options.Port), Backlog);
        GuestSystem[] systems = [.. Enumerable.Range(0, options.Loops).Select(MakeSystem)];
        EventLoop[] loops = [.. systems.Select(static system => new EventLoop(system, new EventLoopOptions { ReleasesForeign = true }))];
        _node = new Node(loops, options.Hub, options.Deflate, ChannelPath);
        LoopGroup group = new(loops);
        for (int i = 0; i < loops.Length; i++)
        {
            loops[i].Group = group;
            Endpoint[] endpoints = options.Demo ? [_node.Hubs[i], new EchoEndpoint(loops[i], EchoPath) { Deflate = options.Deflate }] : [_node.Hubs[i]];
            foreach (Endpoint endpoint in endpoints)
            {
                loops[i].Serve(endpoint);
            }
            _loops.Add(new GuestLoop(loops[i], systems[i], endpoints));
            _threads.Add(new LoopThread(loops[i], $"loop {i}"));
        }
        _kestrel = BuildKestrel();
    }

    /// <summary>Starts it; it serves when this returns.</summary>
    /// <exception cref="SocketException">The port cannot be had.</exception>
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
        string address = $"http://{Address}";
        output.WriteLine($"listening on {address}");
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
        await ended.Task;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (GuestLoop loop in _loops)
        {
            loop.Loop.Post(new BeginShutdown(loop.Loop));
        }
        foreach (LoopThread thread in _threads)
        {
            thread.Join();
        }
        foreach (GuestLoop loop in _loops)
        {
            loop.System.Dispose(); // before Kestrel: a guest that came too late for its loop is sent away
        }
        using (CancellationTokenSource timeout = new(s_kestrelStopTimeout))
        {
            await _kestrel.StopAsync(timeout.Token);
        }
        await _kestrel.DisposeAsync();
        _sharedPort.Dispose();
    }

    private GuestSystem MakeSystem(int number) => _listener is null
        ? new GuestSystem()
        : new GuestSystem(new EpollSystem(_sharedPort.Offer, number == 0 ? _listener : null));

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
                kestrel.Listen(_options.Host, _options.Port);
            }
        });
        if (!_options.OnlyKestrel)
        {
            builder.Services.AddSharedPort(_sharedPort);
        }
        WebApplication kestrel = builder.Build();
        MapRoutes(kestrel);
        return kestrel;
    }

    private void MapRoutes(WebApplication kestrel)
    {
        string pages = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        if (_options.Demo && Directory.Exists(pages))
        {
            kestrel.UseFileServer(new FileServerOptions { FileProvider = new PhysicalFileProvider(pages) });
        }
        GuestHost guests = new(_loops);
        kestrel.MapWebSocket(ChannelPath, guests);
        if (_options.Demo)
        {
            kestrel.MapWebSocket(EchoPath, guests);
        }
        kestrel.MapGet("/health", static context => context.Response.WriteAsync("ok\n", context.RequestAborted));
        new HttpApi(new ChannelApi(_node, _options.Hub), _options.ApiKey).Map(kestrel);
    }

    private sealed class BeginShutdown(EventLoop loop) : LoopMessage
    {
        public override void Run() => loop.BeginShutdown();
    }
}
