using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Sluice.AspNetCore;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;
using Endpoint = Sluice.Loop.Endpoint;

namespace Sluice.Live.Kestrel;

/// <summary>Two loops and Kestrel, on loopback ports: with the reactor before it on one port, or alone on two (Kestrel
/// speaks HTTP/2 without TLS only where it speaks nothing else).</summary>
internal sealed class KestrelRig : IAsyncDisposable
{
    internal const string EchoPath = "/echo";
    internal const int MessageBytesMax = 8 << 20;

    private static readonly TimeSpan s_rateGrace = TimeSpan.FromMilliseconds(1100); // more than Kestrel's heart beat
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly SharedPort _sharedPort = new();
    private readonly List<GuestLoop> _loops = [];
    private readonly List<LoopThread> _threads = [];
    private readonly WebApplication _kestrel;
    private bool _isShutDown;

    private KestrelRig(bool isShared, EventLoopOptions options)
    {
        ListeningSocket? listener = isShared ? ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 512) : null;
        for (int i = 0; i < 2; i++)
        {
            GuestSystem system = new(isShared ? new EpollSystem(_sharedPort.Offer, i == 0 ? listener : null) : null);
            EventLoop loop = new(system, options with { ReleasesForeign = true });
            EchoEndpoint echo = new(loop, EchoPath)
            {
                Limits = new WebSocketLimits { MessageBytesMax = MessageBytesMax },
                Subprotocols = ["best", "good"],
            };
            loop.Serve(echo);
            _loops.Add(new GuestLoop(loop, system, [echo]));
            _threads.Add(new LoopThread(loop, $"loop {i}"));
        }
        LoopGroup group = new([.. _loops.Select(static host => host.Loop)]);
        _loops.ForEach(host => host.Loop.Group = group);
        _kestrel = Build(isShared ? _sharedPort : null);
        _threads.ForEach(static thread => thread.Start());
        Http1 = Http2 = listener?.EndPoint!;
    }

    /// <summary>Where HTTP/1.1 is spoken.</summary>
    internal IPEndPoint Http1 { get; private set; }

    /// <summary>Where HTTP/2 is spoken with prior knowledge.</summary>
    internal IPEndPoint Http2 { get; private set; }

    internal static async Task<KestrelRig> StartAsync(bool isShared, EventLoopOptions? options = null)
    {
        KestrelRig rig = new(isShared, options ?? EventLoopOptions.Default);
        await rig._kestrel.StartAsync();
        if (!isShared)
        {
            string[] addresses = [.. rig._kestrel.Urls];
            rig.Http1 = IPEndPoint.Parse(new Uri(addresses[0]).Authority);
            rig.Http2 = IPEndPoint.Parse(new Uri(addresses[1]).Authority);
        }
        return rig;
    }

    internal Peer Connect(bool http2 = false, int receiveBufferBytes = 0) => new(http2 ? Http2 : Http1, receiveBufferBytes);

    /// <summary>Waits until no loop holds anything, and no system a guest.</summary>
    internal async Task ExpectNothingLeftAsync()
    {
        string left = "";
        for (DateTime end = DateTime.UtcNow + s_patience; DateTime.UtcNow < end; await Task.Delay(10))
        {
            left = string.Join('\n', _loops.Select(static host => $"{On(host.Loop, () => host.Loop.Resources)}, guests: {host.System.GuestCount}"));
            if (_loops.All(static host => On(host.Loop, () => host.Loop.Resources) == default && host.System.GuestCount == 0))
            {
                return;
            }
        }
        Assert.Fail(left);
    }

    /// <summary>Ends the loops, as a server's end does before Kestrel's.</summary>
    internal void ShutDownLoops()
    {
        if (!_isShutDown)
        {
            _isShutDown = true;
            _loops.ForEach(static host => host.Loop.Post(new Message(host.Loop.BeginShutdown)));
            _threads.ForEach(static thread => thread.Join());
            _loops.ForEach(static host => host.System.Dispose());
        }
    }

    internal Task StopKestrelAsync() => _kestrel.StopAsync();

    public async ValueTask DisposeAsync()
    {
        ShutDownLoops();
        await _kestrel.DisposeAsync();
        _sharedPort.Dispose();
    }

    private static T On<T>(EventLoop loop, Func<T> ask)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(new Message(() => answer.SetResult(ask())));
        return answer.Task.WaitAsync(s_patience).Result;
    }

    private WebApplication Build(SharedPort? sharedPort)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // Rates that no guest keeps: it is none of Kestrel's business how fast a WebSocket speaks or listens.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(1e9, s_rateGrace);
            kestrel.Limits.MinResponseDataRate = new MinDataRate(1e9, s_rateGrace);
            if (sharedPort is null)
            {
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            }
        });
        if (sharedPort is not null)
        {
            builder.Services.AddSharedPort(sharedPort);
        }
        WebApplication kestrel = builder.Build();
        kestrel.MapWebSocket(EchoPath, new GuestHost(_loops));
        kestrel.MapGet("/health", static context => context.Response.WriteAsync("ok"));
        kestrel.MapPost("/hash", static async context =>
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body)));
        });
        return kestrel;
    }

    private sealed class Message(Action act) : LoopMessage
    {
        public override void Run() => act();
    }
}
