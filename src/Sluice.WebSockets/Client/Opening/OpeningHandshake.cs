using System.Buffers;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>One attempt to open a connection: the request, which is complete before anything is sent, and the one judge of answers.</summary>
internal sealed class OpeningHandshake
{
    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(ClientHandshake.NonceBytes);
    private readonly string[] _subprotocols;
    private readonly KeyValuePair<string, string>[] _headers;
    private readonly ArrayBufferWriter<byte> _request = new();

    /// <exception cref="ArgumentException">The address or an option cannot be meant.</exception>
    internal OpeningHandshake(Uri uri, WebSocketClientOptions options)
    {
        options.Validate();
        if (!uri.IsAbsoluteUri || uri.Scheme is not ("ws" or "wss") || uri.UserInfo.Length > 0 || uri.Fragment.Length > 0)
        {
            throw new ArgumentException("A WebSocket's address is absolute, ws or wss, without fragment and user information.", nameof(uri));
        }
        Uri = uri;
        Options = options;
        _subprotocols = [.. options.Subprotocols];
        _headers = [.. options.Headers];
        Subprotocols.Check(_subprotocols, nameof(options));
        ClientHandshake.WriteRequest(_request, Authority, uri.PathAndQuery, _nonce, Offer);
    }

    internal Uri Uri { get; }

    internal WebSocketClientOptions Options { get; }

    internal bool IsSecure => Uri.Scheme == "wss";

    /// <summary>The server's name, or its address, in brackets if that is IPv6.</summary>
    internal string Host => Uri.HostNameType == UriHostNameType.IPv6 ? Uri.Host : Uri.IdnHost;

    /// <summary>The request as HTTP/1.1 writes it.</summary>
    internal ReadOnlyMemory<byte> Request => _request.WrittenMemory;

    private string Authority => Uri.IsDefaultPort ? Host : $"{Host}:{Uri.Port}";

    private HandshakeOffer Offer => new()
    {
        Subprotocols = _subprotocols,
        Deflate = Options.Deflate,
        Origin = Options.Origin,
        Headers = _headers,
    };

    /// <summary>Connects and shakes hands.</summary>
    /// <exception cref="WebSocketClientException">There is no such connection.</exception>
    internal async Task<Upgraded> PerformAsync(CancellationToken cancellationToken)
    {
        if (Options.HttpVersion == WebSocketHttpVersion.Http2 || (Options.HttpVersion == WebSocketHttpVersion.Http2OrHttp11 && IsSecure))
        {
            Upgraded? upgraded = await Http2Opening.TryPerformAsync(this, cancellationToken).ConfigureAwait(false);
            if (upgraded is not null)
            {
                return upgraded;
            }
        }
        return await Http1Opening.PerformAsync(this, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Judges a complete answer.</summary>
    /// <exception cref="WebSocketClientException">It is not what a WebSocket server answers to this request.</exception>
    internal HandshakeAgreement Judge(in HttpResponseHead head, ReadOnlySpan<byte> bytes)
    {
        HandshakeVerdict verdict = ClientHandshake.Judge(head, bytes, _nonce, Offer, out HandshakeAgreement agreement);
        return verdict.Status is 0 or 101 ? Accepted(verdict, agreement) : throw Refused(verdict.Status, RetryAfter(head.Headers(bytes)));
    }

    /// <summary>Judges an answer over HTTP/2, which another parser read: what it chose is written as a head again, for the one judge.</summary>
    internal HandshakeAgreement Judge(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw Refused((int)response.StatusCode, After(response.Headers.RetryAfter));
        }
        ArrayBufferWriter<byte> bytes = new();
        HeadWriter writer = new(bytes);
        writer.Response(101);
        foreach (string name in (ReadOnlySpan<string>)["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"])
        {
            foreach (string value in response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values : [])
            {
                writer.Field(Encoding.ASCII.GetBytes(name), value);
            }
        }
        writer.End();
        HttpResponseHead head = default;
        if (head.Parse(bytes.WrittenSpan, HttpHeadLimits.Default) != HeadStatus.Complete)
        {
            throw WebSocketClientException.NotWebSocket("The server's answer is malformed.");
        }
        return Accepted(ClientHandshake.JudgeChoice(head.Headers(bytes.WrittenSpan), Offer, out HandshakeAgreement agreement), agreement);
    }

    private static HandshakeAgreement Accepted(HandshakeVerdict verdict, HandshakeAgreement agreement) =>
        verdict.Status == 101 ? agreement : throw WebSocketClientException.NotWebSocket(verdict.Reason);

    private static WebSocketClientException Refused(int status, TimeSpan? retryAfter) =>
        new(WebSocketFailure.Refused, $"The server answered {status}.") { HttpStatus = status, RetryAfter = retryAfter };

    private TimeSpan? RetryAfter(HeaderLines headers)
    {
        foreach (HeaderLine line in headers)
        {
            if (line.Is("Retry-After"u8))
            {
                return RetryConditionHeaderValue.TryParse(Encoding.Latin1.GetString(line.Value), out RetryConditionHeaderValue? value) ? After(value) : null;
            }
        }
        return null;
    }

    private TimeSpan? After(RetryConditionHeaderValue? retryAfter)
    {
        TimeSpan? wait = retryAfter?.Delta ?? retryAfter?.Date - Options.TimeProvider.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
