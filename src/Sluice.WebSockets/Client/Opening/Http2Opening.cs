using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Opens as a stream of an HTTP/2 connection (RFC 8441: extended CONNECT), with the runtime's HTTP client.</summary>
internal static class Http2Opening
{
    /// <returns>Null if the server does not offer it and HTTP/1.1 will do.</returns>
    internal static async Task<Upgraded?> TryPerformAsync(OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        WebSocketClientOptions options = handshake.Options;
        Transport transport = new();
        HttpMessageInvoker? own = options.Http2Invoker is null ? new HttpMessageInvoker(MakeHandler(options, transport)) : null;
        HttpResponseMessage? response = null;
        try
        {
            using HttpRequestMessage request = MakeRequest(handshake);
            response = await (own ?? options.Http2Invoker!).SendAsync(request, cancellationToken).ConfigureAwait(false);
            HandshakeAgreement agreement = handshake.Judge(response);
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return new Upgraded(stream, agreement, new byte[Upgraded.BufferBytes]) { Owner = own ?? (IDisposable)response };
        }
        catch (Exception error)
        {
            response?.Dispose();
            own?.Dispose();
            transport.Close(); // a connection that is still waiting for the server would outlive its handler
            // A server without HTTP/2 may end TLS, which offers nothing else. If TLS has failed for another reason, HTTP/1.1 tells it.
            if (options.HttpVersion == WebSocketHttpVersion.Http2OrHttp11 && (IsUnspoken(error) || IsOfTls(error)))
            {
                return null;
            }
            if (error is HttpRequestException or IOException)
            {
                throw Translate(error, handshake);
            }
            throw;
        }
    }

    private static SocketsHttpHandler MakeHandler(WebSocketClientOptions options, Transport transport)
    {
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = transport.ConnectAsync,
            UseCookies = false,
            AllowAutoRedirect = false,
            UseProxy = options.Proxy is not null,
            Proxy = options.Proxy is Uri proxy ? ProxyOf(proxy) : null,
        };
        options.ConfigureTls?.Invoke(handler.SslOptions);
        return handler;
    }

    // Without the credentials in its address, which would appear in error messages.
    private static WebProxy ProxyOf(Uri uri)
    {
        string[] parts = uri.UserInfo.Split(':', 2);
        return new WebProxy(uri.Host, uri.Port)
        {
            Credentials = parts[0].Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts.Length > 1 ? parts[1] : "")),
        };
    }

    // The header lines are those of the request over HTTP/1.1, without what belongs to that alone.
    private static HttpRequestMessage MakeRequest(OpeningHandshake handshake)
    {
        HttpRequestMessage request = new(HttpMethod.Connect, handshake.Uri)
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Protocol = "websocket";
        ReadOnlySpan<byte> bytes = handshake.Request.Span;
        HttpHead head = default;
        Invariant.Check(head.Parse(bytes, new HttpHeadLimits { HeadBytesMax = ushort.MaxValue, HeadersMax = int.MaxValue, TargetBytesMax = ushort.MaxValue }) == HeadStatus.Complete, "We can read what we write.");
        foreach (HeaderLine line in head.Headers(bytes))
        {
            if (!line.Is("Host"u8) && !line.Is("Upgrade"u8) && !line.Is("Connection"u8) && !line.Is("Sec-WebSocket-Key"u8))
            {
                request.Headers.TryAddWithoutValidation(Encoding.ASCII.GetString(line.Name), Encoding.ASCII.GetString(line.Value));
            }
        }
        return request;
    }

    /// <summary>The socket under a handler of our own, which opens one connection.</summary>
    private sealed class Transport
    {
        private Socket? _socket;

        internal async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _socket = socket;
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        internal void Close() => _socket?.Dispose();
    }

    private static bool IsUnspoken(Exception error) =>
        error is HttpProtocolException or HttpRequestException { HttpRequestError: HttpRequestError.VersionNegotiationError or HttpRequestError.ExtendedConnectNotSupported };

    private static bool IsOfTls(Exception error) => error is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError };

    private static WebSocketClientException Translate(Exception error, OpeningHandshake handshake)
    {
        string server = handshake.Uri.Authority;
        return error switch
        {
            _ when IsUnspoken(error) => new(WebSocketFailure.NotWebSocket, $"{server} does not offer WebSockets over HTTP/2.", error),
            _ when IsOfTls(error) => new(WebSocketFailure.Tls, $"No TLS with {server}: {error.InnerException?.Message ?? error.Message}", error),
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } refused => ProxyTunnel.Refused(handshake.Options.Proxy!, server, (int?)refused.StatusCode ?? 0),
            _ => WebSocketClientException.Unreachable(server, error),
        };
    }
}
