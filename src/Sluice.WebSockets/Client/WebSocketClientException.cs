using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Why a connection could not be opened, or cannot go on.</summary>
public enum WebSocketFailure
{
    /// <summary>No connection to the server, or to the proxy, came about.</summary>
    Unreachable,

    /// <summary>The proxy refused; <see cref="WebSocketClientException.HttpStatus"/> says how, 407 that it wants other credentials.</summary>
    Proxy,

    /// <summary>No trusted encrypted connection came about.</summary>
    Tls,

    /// <summary>The server answered the handshake by another status than it should: <see cref="WebSocketClientException.HttpStatus"/>.</summary>
    Refused,

    /// <summary>What answered does not speak WebSocket, or accepted what was not offered.</summary>
    NotWebSocket,

    /// <summary>A time-out of <see cref="WebSocketClientOptions"/> or <see cref="WebSocketPoolOptions"/> passed.</summary>
    Timeout,

    /// <summary>The server broke the protocol or a limit and was told so by <see cref="WebSocketClientException.CloseCode"/>.</summary>
    ProtocolError,

    /// <summary>The connection ended without a close frame.</summary>
    Lost,

    /// <summary>The connection is closed: <see cref="WebSocketClientException.CloseCode"/>.</summary>
    Closed,

    /// <summary>A pool has no connection free, and enough callers that wait for one.</summary>
    PoolExhausted,
}

/// <summary>A WebSocket could not be opened, or cannot go on.</summary>
public sealed class WebSocketClientException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="message">A sentence for people.</param>
    /// <param name="cause">What the system said.</param>
    public WebSocketClientException(WebSocketFailure failure, string message, Exception? cause = null) : base(message, cause) => Failure = failure;

    /// <summary>Why.</summary>
    public WebSocketFailure Failure { get; }

    /// <summary>What the server or the proxy answered, if it answered.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>How long the server asks to wait before the next attempt (Retry-After), if it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The code with which the connection was closed: the server's, or for <see cref="WebSocketFailure.ProtocolError"/> ours.</summary>
    public ushort? CloseCode { get; init; }

    internal static WebSocketClientException Unreachable(string authority, Exception cause) =>
        new(WebSocketFailure.Unreachable, $"No connection to {authority}: {cause.Message}", cause);

    internal static WebSocketClientException NotWebSocket(string message) => new(WebSocketFailure.NotWebSocket, message);

    internal static WebSocketClientException Timeout(string what, int timeoutMs) => new(WebSocketFailure.Timeout, $"{what} within {timeoutMs} ms.");

    internal static WebSocketClientException Lost(Exception? cause) =>
        new(WebSocketFailure.Lost, "The connection ended without a close frame.", cause) { CloseCode = CloseCodes.Abnormal };

    internal static WebSocketClientException Closed(ushort? code, string? reason) => new(
        WebSocketFailure.Closed,
        code is null ? "The connection is closing." : string.IsNullOrEmpty(reason) ? $"The connection is closed ({code})." : $"The connection is closed ({code}: {reason}).")
    {
        CloseCode = code,
    };
}
