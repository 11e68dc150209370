using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>When to connect again. Immutable, so it may be shared; change it by <c>with</c>.</summary>
public sealed record ReconnectingWebSocketOptions
{
    /// <summary>The defaults.</summary>
    public static ReconnectingWebSocketOptions Default { get; } = new();

    /// <summary>How each connection is opened.</summary>
    public WebSocketClientOptions Client { get; init; } = WebSocketClientOptions.Default;

    /// <summary>The bound of the first wait, see <see cref="Backoff"/>; 0: no wait.</summary>
    public int BackoffMinMs { get; init; } = 500;

    /// <summary>The bound of every wait, at least <see cref="BackoffMinMs"/>.</summary>
    public int BackoffMaxMs { get; init; } = 30_000;

    /// <summary>After how many attempts in a row that failed it is given up, at least 1.</summary>
    public int AttemptsMax { get; init; } = int.MaxValue;

    /// <summary>How long a connection must have lasted for the attempt to count as a success. (Else a server that accepts and
    /// closes would be asked again and again without a growing wait.) 0: every one that was opened counts.</summary>
    public int StableAfterMs { get; init; } = 5_000;

    /// <summary>A server that asks to be left alone for longer (Retry-After) is asked again after this time; 0: its wish counts for nothing.</summary>
    public int RetryAfterMaxMs { get; init; } = 600_000;

    /// <summary>Called with each new connection before anything is read from it, to log in and to subscribe; it may read the
    /// answers. If it throws a <see cref="WebSocketClientException"/>, the attempt has failed; another exception ends
    /// everything: the reader gets it, and whoever waits to send a <see cref="WebSocketFailure.Lost"/> that holds it.</summary>
    public Func<WebSocketClient, CancellationToken, Task>? OnOpen { get; init; }

    /// <summary>Whether to connect again after this failure, or after this close (<see cref="WebSocketFailure.Closed"/> with its code).</summary>
    public Func<WebSocketClientException, bool> ShouldReconnect { get; init; } = IsTransient;

    /// <summary>The die of the backoff.</summary>
    public Random Random { get; init; } = Random.Shared;

    /// <summary>What may be otherwise next time. It is not for a server that is none, an untrusted certificate, a status of 400 to 499 other than
    /// 408, 425 and 429, a proxy's 407, and the close codes 1008 and 4000 to 4999, by which applications refuse.</summary>
    /// <param name="failure">What happened.</param>
    public static bool IsTransient(WebSocketClientException failure) => failure.Failure switch
    {
        WebSocketFailure.NotWebSocket or WebSocketFailure.Tls => false,
        WebSocketFailure.Refused => failure.HttpStatus is not (>= 400 and < 500) or 408 or 425 or 429,
        WebSocketFailure.Proxy => failure.HttpStatus != 407,
        WebSocketFailure.Closed => failure.CloseCode is not (CloseCodes.PolicyViolation or (>= 4000 and <= 4999)),
        _ => true,
    };

    internal void Validate()
    {
        Client.Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(BackoffMinMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(BackoffMaxMs, BackoffMinMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(AttemptsMax, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(StableAfterMs);
        ArgumentOutOfRangeException.ThrowIfNegative(RetryAfterMaxMs);
    }
}

/// <summary>Where a <see cref="ReconnectingWebSocket"/> stands.</summary>
public enum ReconnectingStatus
{
    /// <summary>Nobody reads from it yet, or any more.</summary>
    Stopped,

    /// <summary>An attempt is under way.</summary>
    Connecting,

    /// <summary>There is a connection.</summary>
    Open,

    /// <summary>An attempt failed or a connection ended; the next attempt is waited for.</summary>
    Waiting,
}

/// <summary>Where a <see cref="ReconnectingWebSocket"/> stands, and why.</summary>
/// <param name="Status">Where.</param>
/// <param name="Failures">How many attempts in a row have failed.</param>
/// <param name="DelayMs">With <see cref="ReconnectingStatus.Waiting"/>: for how long.</param>
/// <param name="Cause">With <see cref="ReconnectingStatus.Waiting"/>, and with <see cref="ReconnectingStatus.Stopped"/> if it was not
/// wanted: what happened.</param>
public sealed record ReconnectingState(ReconnectingStatus Status, int Failures = 0, int DelayMs = 0, WebSocketClientException? Cause = null);
