using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Opens over a connection of its own: TCP, perhaps through a proxy, perhaps TLS, and the upgrade of HTTP/1.1.</summary>
internal static class Http1Opening
{
    internal static async Task<Upgraded> PerformAsync(OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        Stream stream = await DialAsync(handshake, cancellationToken).ConfigureAwait(false);
        try
        {
            if (handshake.Options.Proxy is Uri proxy)
            {
                await ProxyTunnel.OpenAsync(stream, proxy, $"{handshake.Host}:{handshake.Uri.Port}", cancellationToken).ConfigureAwait(false);
            }
            if (handshake.IsSecure)
            {
                stream = await SecureAsync(stream, handshake, cancellationToken).ConfigureAwait(false);
            }
            return await UpgradeAsync(stream, handshake, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (FrameSender.IsOfTransport(error))
            {
                throw WebSocketClientException.Unreachable(handshake.Uri.Authority, error);
            }
            throw;
        }
    }

    private static async Task<Stream> DialAsync(OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        Uri server = handshake.Options.Proxy ?? handshake.Uri;
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.DnsSafeHost, server.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception error)
        {
            socket.Dispose();
            if (error is SocketException)
            {
                throw WebSocketClientException.Unreachable(server.Authority, error);
            }
            throw;
        }
    }

    private static async Task<Stream> SecureAsync(Stream stream, OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        SslStream secure = new(stream);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = handshake.Host.Trim('[', ']'),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        handshake.Options.ConfigureTls?.Invoke(options);
        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            throw new WebSocketClientException(WebSocketFailure.Tls, $"No TLS with {handshake.Uri.Authority}: {error.Message}", error);
        }
    }

    private static async Task<Upgraded> UpgradeAsync(Stream stream, OpeningHandshake handshake, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(handshake.Request, cancellationToken).ConfigureAwait(false);
        byte[] buffer = new byte[Upgraded.BufferBytes];
        int start = 0;
        int end = 0;
        HttpResponseHead head = default;
        while (true)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw WebSocketClientException.NotWebSocket("The server ended the connection without an answer.");
            }
            end += count;
            HeadStatus status;
            while ((status = head.Parse(buffer.AsSpan(start, end - start), HttpHeadLimits.Default)) == HeadStatus.Complete && IsInterim(head.Status))
            {
                start += head.Length;
                head = default;
            }
            if (status == HeadStatus.Complete)
            {
                HandshakeAgreement agreement = handshake.Judge(head, buffer.AsSpan(start, end - start));
                return new Upgraded(stream, agreement, buffer, start + head.Length, end);
            }
            if (status == HeadStatus.Refused || end == buffer.Length)
            {
                throw WebSocketClientException.NotWebSocket("What answered does not speak HTTP/1.1, or its answer is too long.");
            }
        }
    }

    // RFC 9110, 15.2: any number of them may come before the answer. The buffer bounds them.
    private static bool IsInterim(int status) => status is >= 100 and < 200 and not 101;
}
