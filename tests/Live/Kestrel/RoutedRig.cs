using System.Net;
using System.Net.WebSockets;
using Sluice.AspNetCore;
using Sluice.Loop;
using Sluice.WebSockets;

namespace Sluice.Live.Kestrel;

/// <summary>A way from a client to a loop.</summary>
public enum Route
{
    /// <summary>The reactor's own sockets.</summary>
    Reactor,

    /// <summary>Kestrel alone.</summary>
    Http1,

    /// <summary>Likewise, with prior knowledge.</summary>
    Http2,

    /// <summary>Kestrel alone, TLS.</summary>
    Http1Tls,

    /// <summary>Likewise, agreed by ALPN.</summary>
    Http2Tls,

    /// <summary>The reactor's port, given to Kestrel.</summary>
    SharedHttp2,

    /// <summary>Likewise, TLS.</summary>
    SharedHttp1Tls,

    /// <summary>Likewise, agreed by ALPN.</summary>
    SharedHttp2Tls,
}

/// <summary>A server, and clients that come to it by one route.</summary>
internal sealed class RoutedRig : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private readonly CertificateFolder _folder = new();
    private readonly HttpMessageInvoker _invoker;
    private readonly ServerCertificate? _certificate;
    private readonly bool _isHttp2;
    private KestrelRig _rig = null!;

    private RoutedRig(Route route)
    {
        _isHttp2 = route is Route.Http2 or Route.Http2Tls or Route.SharedHttp2 or Route.SharedHttp2Tls;
        _certificate = route is Route.Http1Tls or Route.Http2Tls or Route.SharedHttp1Tls or Route.SharedHttp2Tls ? _folder.Load() : null;
        SocketsHttpHandler handler = new() { EnableMultipleHttp2Connections = true };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == CertificateFolder.FirstSubject;
        _invoker = new HttpMessageInvoker(handler);
    }

    internal static async Task<RoutedRig> StartAsync(Route route, EventLoopOptions? options = null)
    {
        RoutedRig rig = new(route);
        bool isShared = route is Route.Reactor or Route.SharedHttp2 or Route.SharedHttp1Tls or Route.SharedHttp2Tls;
        rig._rig = await KestrelRig.StartAsync(isShared, options, rig._certificate);
        return rig;
    }

    internal async Task<ClientWebSocket> ConnectAsync(params string[] subprotocols)
    {
        IPEndPoint endPoint = _certificate is not null ? _rig.Tls : _isHttp2 ? _rig.Http2 : _rig.Http1;
        ClientWebSocket client = new();
        client.Options.HttpVersion = _isHttp2 ? HttpVersion.Version20 : HttpVersion.Version11;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Array.ForEach(subprotocols, client.Options.AddSubProtocol);
        using CancellationTokenSource patience = new(s_patience);
        await client.ConnectAsync(new Uri($"{(_certificate is null ? "ws" : "wss")}://{endPoint}{KestrelRig.EchoPath}"), _invoker, patience.Token);
        return client;
    }

    internal Task ShutDownLoopsAsync() => _rig.ShutDownLoopsAsync();

    internal Task ExpectNothingLeftAsync() => _rig.ExpectNothingLeftAsync();

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _invoker.Dispose();
        _certificate?.Dispose();
        _folder.Dispose();
    }
}
