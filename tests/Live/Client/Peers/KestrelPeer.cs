using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Sluice.Live.Client.Peers;

/// <summary>ASP.NET Core's own WebSockets: HTTP/1.1 and HTTP/2, with TLS and without.</summary>
internal sealed class KestrelPeer : IPeer
{
    private static readonly X509Certificate2 s_certificate = SelfMade.Certificate("localhost");

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, bool> _connections = new();

    private KestrelPeer(WebApplication app)
    {
        _app = app;
        Uri[] addresses = [.. app.Urls.Select(static url => new Uri(url))];
        Plain = new Uri($"ws://127.0.0.1:{addresses[0].Port}");
        Http2 = new Uri($"ws://127.0.0.1:{addresses[1].Port}");
        Secure = new Uri($"wss://localhost:{addresses[2].Port}");
        SecureHttp1 = new Uri($"wss://localhost:{addresses[3].Port}");
    }

    public Uri Plain { get; }

    public Uri Deflating => new(Plain, "/deflate/");

    /// <summary>HTTP/2 with prior knowledge.</summary>
    internal Uri Http2 { get; }

    /// <summary>HTTP/1.1 and HTTP/2 by ALPN.</summary>
    internal Uri Secure { get; }

    internal Uri SecureHttp1 { get; }


    /// <summary>The protocol of the last request that was upgraded, such as HTTP/2.</summary>
    internal string? LastProtocol { get; private set; }

    /// <summary>The connections that upgraded requests came on since the last call.</summary>
    internal string[] TakeConnections()
    {
        string[] taken = [.. _connections.Keys];
        _connections.Clear();
        return taken;
    }

    internal static async Task<KestrelPeer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseHttps(s_certificate));
            kestrel.Listen(IPAddress.Loopback, 0, static listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.UseHttps(s_certificate);
            });
        });
        WebApplication app = builder.Build();
        KestrelPeer? peer = null;
        app.UseWebSockets();
        app.Run(context => peer!.ServeAsync(context));
        await app.StartAsync();
        return peer = new KestrelPeer(app);
    }

    /// <summary>Whether this is its certificate, which is for localhost and which nobody vouches for.</summary>
    internal static bool Has(X509Certificate? certificate) => certificate?.GetCertHashString() == s_certificate.GetCertHashString();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest || context.Request.Path == "/forbidden")
        {
            context.Response.StatusCode = 403;
            return;
        }
        _connections[context.Connection.Id.Split(':')[0]] = true;
        LastProtocol = context.Request.Protocol;
        string path = context.Request.Path.Value!.Replace("/deflate/", "/", StringComparison.Ordinal);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            DangerousEnableCompression = context.Request.Path.StartsWithSegments("/deflate"),
            SubProtocol = context.WebSockets.WebSocketRequestedProtocols.LastOrDefault(),
        });
        try
        {
            if (path == "/push")
            {
                byte[] bytes = IPeer.PatternOf(int.Parse(context.Request.QueryString.Value![1..], null));
                await socket.SendAsync(bytes, WebSocketMessageType.Binary, true, context.RequestAborted);
            }
            await ReactAsync(socket, path);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or IOException)
        {
            // The client went.
        }
    }

    private static async Task ReactAsync(WebSocket socket, string path)
    {
        byte[] buffer = new byte[64 * 1024];
        MemoryStream message = new();
        while (true)
        {
            ValueWebSocketReceiveResult part = await socket.ReceiveAsync(buffer.AsMemory(), default);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty, null, default);
                return;
            }
            message.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage)
            {
                continue;
            }
            ReadOnlyMemory<byte> whole = message.ToArray();
            message.SetLength(0);
            if (path == "/close")
            {
                await socket.CloseAsync((WebSocketCloseStatus)4001, "enough", default);
                return;
            }
            int third = path == "/fragments" ? (whole.Length + 2) / 3 : whole.Length;
            while (whole.Length > third)
            {
                await socket.SendAsync(whole[..third], part.MessageType, false, default);
                whole = whole[third..];
            }
            await socket.SendAsync(whole, part.MessageType, true, default);
        }
    }
}
