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

namespace Sluice.Live.Kestrel;

/// <summary>Two guest loops and Kestrel, on loopback ports: with a reactor of two loops before it on one port, or alone on
/// three (Kestrel speaks HTTP/2 without TLS, and TLS, only where it speaks nothing else).</summary>
internal sealed class KestrelRig : IAsyncDisposable
{
    internal const string EchoPath = "/echo";
    internal const int MessageBytesMax = 8 << 20;

    private const int Loops = 2;

    private static readonly TimeSpan s_rateGrace = TimeSpan.FromMilliseconds(1100); // more than Kestrel's heart beat
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly SharedPort _sharedPort = new();
    private readonly List<EventLoop> _reactor = [];
    private readonly List<ISystem> _systems = [];
    private readonly List<LoopThread> _threads = [];
    private readonly List<GuestLoop> _guests = [];
    private readonly GuestHost _host;
    private readonly WebApplication _kestrel;
    private Task? _loopsEnd;

    private KestrelRig(bool isShared, EventLoopOptions options, ServerCertificate? certificate, TlsLimits? tls)
    {
        ListeningSocket? listener = isShared ? ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 512) : null;
        for (int i = 0; i < Loops; i++)
        {
            GuestLoop guests = new(options);
            guests.Serve(Echo(guests.Loop));
            _guests.Add(guests);
            if (listener is not null)
            {
                ISystem system = certificate is null
                    ? new EpollSystem(socket => _sharedPort.Offer(socket), i == 0 ? listener : null)
                    : new TlsSystem(certificate, _sharedPort.Offer, i == 0 ? listener : null, limits: tls);
                EventLoop loop = new(system, options with { ReleasesForeign = true });
                loop.Serve(Echo(loop));
                _systems.Add(system);
                _reactor.Add(loop);
                _threads.Add(new LoopThread(loop, $"loop {i}"));
            }
        }
        LoopGroup group = new([.. _reactor]);
        _reactor.ForEach(loop => loop.Group = group);
        _host = new GuestHost(_guests);
        _kestrel = Build(isShared ? _sharedPort : null, certificate, tls);
        _threads.ForEach(static thread => thread.Start());
        Http1 = Http2 = Tls = listener?.EndPoint!;
    }

    /// <summary>Where HTTP/1.1 is spoken.</summary>
    internal IPEndPoint Http1 { get; private set; }

    /// <summary>Where HTTP/2 is spoken with prior knowledge.</summary>
    internal IPEndPoint Http2 { get; private set; }

    /// <summary>Where TLS is spoken, if there is a certificate.</summary>
    internal IPEndPoint Tls { get; private set; }

    internal static async Task<KestrelRig> StartAsync(
        bool isShared, EventLoopOptions? options = null, ServerCertificate? certificate = null, TlsLimits? tls = null)
    {
        KestrelRig rig = new(isShared, options ?? EventLoopOptions.Default, certificate, tls);
        await rig._kestrel.StartAsync();
        if (!isShared)
        {
            IPEndPoint[] endPoints = [.. rig._kestrel.Urls.Select(static url => IPEndPoint.Parse(new Uri(url).Authority))];
            rig.Http1 = endPoints[0];
            rig.Http2 = endPoints[1];
            rig.Tls = endPoints[^1];
        }
        return rig;
    }

    internal Peer Connect(bool http2 = false, int receiveBufferBytes = 0) => new(http2 ? Http2 : Http1, receiveBufferBytes);

    /// <summary>Waits until no loop holds anything, and there is no guest.</summary>
    internal async Task ExpectNothingLeftAsync()
    {
        EventLoop[] loops = [.. _reactor, .. _guests.Select(static guests => guests.Loop)];
        string left = "";
        for (DateTime end = DateTime.UtcNow + s_patience; DateTime.UtcNow < end; await Task.Delay(10))
        {
            LoopResources[] resources = [.. loops.Select(static loop => On(loop, () => loop.Resources))];
            int guests = _guests.Sum(static guests => guests.GuestCount);
            if (guests == 0 && resources.All(static resources => resources == default))
            {
                return;
            }
            left = $"guests: {guests}, {string.Join('\n', resources)}";
        }
        Assert.Fail(left);
    }

    /// <summary>Ends the loops, as a server's end does before Kestrel's.</summary>
    internal Task ShutDownLoopsAsync() => _loopsEnd ??= EndLoopsAsync();

    internal Task StopKestrelAsync() => _kestrel.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await ShutDownLoopsAsync();
        await _kestrel.DisposeAsync();
        _sharedPort.Dispose();
    }

    private static EchoEndpoint Echo(EventLoop loop) => new(loop, EchoPath)
    {
        Limits = new WebSocketLimits { MessageBytesMax = MessageBytesMax },
        Subprotocols = ["best", "good"],
    };

    private static T On<T>(EventLoop loop, Func<T> ask)
    {
        TaskCompletionSource<T> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(new Message(() => answer.SetResult(ask())));
        return answer.Task.WaitAsync(s_patience).Result;
    }

    private async Task EndLoopsAsync()
    {
        Task guests = _host.StopAsync();
        _reactor.ForEach(static loop => loop.Post(new Message(loop.BeginShutdown)));
        await Task.WhenAll([guests, .. _threads.Select(static thread => thread.Stopped)]);
        _systems.ForEach(static system => system.Dispose());
    }

    private WebApplication Build(SharedPort? sharedPort, ServerCertificate? certificate, TlsLimits? tls)
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
                kestrel.BoundHttp2();
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
                if (certificate is not null)
                {
                    kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseCertificate(certificate, tls));
                }
            }
        });
        if (sharedPort is not null)
        {
            builder.Services.AddSharedPort(sharedPort);
        }
        WebApplication kestrel = builder.Build();
        kestrel.MapWebSocket(EchoPath, _host);
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
