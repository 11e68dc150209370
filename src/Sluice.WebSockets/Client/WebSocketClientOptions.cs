using System.Collections.Immutable;
using System.Net.Security;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>How a client connects and what it takes; each number is at least 1 where nothing is said of 0. Immutable, so it may be
/// shared; change it by <c>with</c>.</summary>
public sealed record WebSocketClientOptions
{
    /// <summary>The defaults.</summary>
    public static WebSocketClientOptions Default { get; } = new();

    /// <summary>The subprotocols that this end speaks, best first; distinct tokens. What the server chose is
    /// <see cref="WebSocketClient.Subprotocol"/>.</summary>
    public ImmutableArray<string> Subprotocols
    {
        get => field.IsDefault ? [] : field;
        init;
    }

    /// <summary>Further header lines of the handshake, such as <c>Authorization</c>; none that a handshake has by itself.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers
    {
        get => field.IsDefault ? [] : field;
        init;
    }

    /// <summary>The page for which this end acts, such as <c>https://example.com</c>; null: none, as for every client that is no browser.</summary>
    public string? Origin { get; init; }

    /// <summary>Over which HTTP the connection is opened.</summary>
    public WebSocketHttpVersion HttpVersion { get; init; } = WebSocketHttpVersion.Http11;

    /// <summary>For HTTP/2: who sends the request, so that many WebSockets share one connection. Its proxy and TLS are its own.
    /// Null: each WebSocket has a connection of its own.</summary>
    public HttpMessageInvoker? Http2Invoker { get; init; }

    /// <summary>An HTTP proxy to go through by CONNECT, such as <c>http://user:password@proxy.example:8080</c>; null: none.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Changes how wss is secured, for each connection anew: client certificates, whom to trust. Host name and ALPN need not be set.</summary>
    public Action<SslClientAuthenticationOptions>? ConfigureTls { get; init; }

    /// <summary>Offers compression (permessage-deflate); null: none. See the warning at <see cref="DeflateOptions"/>.</summary>
    public DeflateOffer? Deflate { get; init; }

    /// <summary>Where compression was agreed, a shorter message is sent plain, in bytes; 0: none is too short.</summary>
    public int DeflateMessageBytesMin { get; init; } = 512;

    /// <summary>Where compression was agreed, a longer message is sent plain, in bytes: it would be held whole beside itself. 0: all are sent plain.</summary>
    public int DeflateMessageBytesMax { get; init; } = 1 << 20;

    /// <summary>What the server may send. <see cref="WebSocketLimits.MessageBytesMax"/> holds for messages that are read whole.</summary>
    /// <remarks>A new record has a server's defaults: write <c>WebSocketLimits.ClientDefault with { FragmentsMax = 10 }</c>.</remarks>
    public WebSocketLimits Limits { get; init; } = WebSocketLimits.ClientDefault;

    /// <summary>The longest message that is read as a stream, in bytes; 0: only empty ones.</summary>
    public long StreamedMessageBytesMax { get; init; } = 1L << 30;

    /// <summary>From the call to the open connection: name look-up, proxy, TLS and handshake together.</summary>
    public int ConnectTimeoutMs { get; init; } = 10_000;

    /// <summary>How long the closing handshake may take before the connection is ended without it.</summary>
    public int CloseTimeoutMs { get; init; } = 5_000;

    /// <summary>After how much silence the server is sent a ping; 0: never.</summary>
    public int PingIntervalMs { get; init; } = 30_000;

    /// <summary>How long a read then waits for a sign of life before the connection is given up. While nobody reads, none is expected.</summary>
    public int PongTimeoutMs { get; init; } = 15_000;

    /// <summary>The clock of all time-outs.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        foreach ((int value, int least, string name) in (ReadOnlySpan<(int, int, string)>)
        [
            (ConnectTimeoutMs, 1, nameof(ConnectTimeoutMs)), (CloseTimeoutMs, 1, nameof(CloseTimeoutMs)),
            (PingIntervalMs, 0, nameof(PingIntervalMs)), (PongTimeoutMs, 1, nameof(PongTimeoutMs)),
            (DeflateMessageBytesMin, 0, nameof(DeflateMessageBytesMin)), (DeflateMessageBytesMax, 0, nameof(DeflateMessageBytesMax)),
        ])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        }
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Limits.MessageBytesMax, Array.MaxLength, $"{nameof(Limits)}.{nameof(Limits.MessageBytesMax)}");
        ArgumentOutOfRangeException.ThrowIfNegative(StreamedMessageBytesMax);
        if (Proxy is not null && (!Proxy.IsAbsoluteUri || Proxy.Scheme != Uri.UriSchemeHttp))
        {
            throw new ArgumentException($"{nameof(Proxy)} is the address of an HTTP proxy, such as http://proxy.example:8080.");
        }
    }
}

/// <summary>Over which HTTP a WebSocket is opened.</summary>
public enum WebSocketHttpVersion
{
    /// <summary>A connection of its own, upgraded from HTTP/1.1 (RFC 6455).</summary>
    Http11,

    /// <summary>A stream of an HTTP/2 connection (RFC 8441). Over ws the server must be known to speak it.</summary>
    Http2,

    /// <summary>HTTP/2 if the server offers it, which only wss can tell; else HTTP/1.1.</summary>
    Http2OrHttp11,
}
