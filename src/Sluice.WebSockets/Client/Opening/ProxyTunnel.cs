using System.Globalization;
using System.Text;

namespace Sluice.WebSockets;

/// <summary>Asks an HTTP proxy for a connection through it (CONNECT: RFC 9110, 9.3.6; RFC 6455, 4.1).</summary>
internal static class ProxyTunnel
{
    private const int AnswerBytesMax = 8 * 1024;

    /// <param name="stream">To the proxy.</param>
    /// <param name="proxy">Its address, perhaps with user and password.</param>
    /// <param name="destination">Host and port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="WebSocketClientException">The proxy refuses.</exception>
    internal static async Task OpenAsync(Stream stream, Uri proxy, string destination, CancellationToken cancellationToken)
    {
        string credentials = proxy.UserInfo.Length == 0
            ? ""
            : $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(proxy.UserInfo)))}\r\n";
        byte[] request = Encoding.ASCII.GetBytes($"CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\n{credentials}\r\n");
        await stream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[AnswerBytesMax];
        int length = 0;
        while (answer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
        {
            int count = length == answer.Length ? 0 : await stream.ReadAsync(answer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new WebSocketClientException(WebSocketFailure.Proxy, $"The proxy {proxy.Authority} gave no answer.");
            }
            length += count;
        }
        int status = StatusOf(answer);
        // Through the tunnel nothing can come yet, since in TLS and in HTTP the client speaks first.
        if (status is < 200 or > 299 || !answer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            throw Refused(proxy, destination, status);
        }
    }

    internal static WebSocketClientException Refused(Uri proxy, string destination, int status) => new(
        WebSocketFailure.Proxy,
        status == 407 ? $"The proxy {proxy.Authority} wants other credentials (407)." : $"The proxy {proxy.Authority} answered {status} to CONNECT {destination}.")
    {
        HttpStatus = status,
    };

    // "HTTP/1.0" or "HTTP/1.1", which proxies answer alike; a status; anything. 0 if it is something else.
    private static int StatusOf(ReadOnlySpan<byte> answer) =>
        answer.StartsWith("HTTP/1."u8) && answer[8] == ' ' && int.TryParse(answer.Slice(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status) ? status : 0;
}
