namespace Sluice.WebSockets;

/// <summary>How many connections a pool keeps, and for how long; each number is at least 1 where nothing is said of 0.
/// Immutable, so it may be shared; change it by <c>with</c>.</summary>
public sealed record WebSocketPoolOptions
{
    /// <summary>The defaults.</summary>
    public static WebSocketPoolOptions Default { get; } = new();

    /// <summary>How each connection is opened.</summary>
    public WebSocketClientOptions Client { get; init; } = WebSocketClientOptions.Default;

    /// <summary>The most connections, rented ones included. (One that is being closed is not counted any more.)</summary>
    public int ConnectionsMax { get; init; } = 16;

    /// <summary>The most connections that are kept while nobody uses them; 0: none.</summary>
    public int ConnectionsIdleMax { get; init; } = 4;

    /// <summary>How long a connection is kept unused.</summary>
    public int IdleTimeoutMs { get; init; } = 60_000;

    /// <summary>How old a connection may be and still be rented: so a pool follows when names or load balancers change.
    /// Each lives up to a tenth shorter, by chance, so that they do not all end at once.</summary>
    public int LifetimeMs { get; init; } = 600_000;

    /// <summary>After how long without use a connection is asked for a sign of life (ping) before it is rented; 0: always.</summary>
    public int HealthAfterMs { get; init; } = 5_000;

    /// <summary>How long that sign of life is waited for; then another connection is taken.</summary>
    public int HealthTimeoutMs { get; init; } = 2_000;

    /// <summary>The most callers that wait for a connection at the same time; the next fails at once. 0: none waits.</summary>
    public int WaitersMax { get; init; } = 256;

    /// <summary>How long a caller waits for a connection to be returned.</summary>
    public int WaitTimeoutMs { get; init; } = 10_000;

    internal void Validate()
    {
        Client.Validate();
        foreach ((int value, int least, string name) in (ReadOnlySpan<(int, int, string)>)
        [
            (ConnectionsMax, 1, nameof(ConnectionsMax)), (ConnectionsIdleMax, 0, nameof(ConnectionsIdleMax)),
            (IdleTimeoutMs, 1, nameof(IdleTimeoutMs)), (LifetimeMs, 1, nameof(LifetimeMs)), (HealthAfterMs, 0, nameof(HealthAfterMs)),
            (HealthTimeoutMs, 1, nameof(HealthTimeoutMs)), (WaitersMax, 0, nameof(WaitersMax)), (WaitTimeoutMs, 1, nameof(WaitTimeoutMs)),
        ])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        }
    }
}

/// <summary>How a pool stands at one moment.</summary>
/// <param name="Connections">Open connections and those being opened, against <see cref="WebSocketPoolOptions.ConnectionsMax"/>.</param>
/// <param name="Idle">Those among them that nobody uses.</param>
/// <param name="Waiting">Callers that wait for one.</param>
/// <param name="Created">Connections opened so far.</param>
/// <param name="Retired">Connections given up so far, for whatever reason.</param>
public readonly record struct WebSocketPoolMetrics(int Connections, int Idle, int Waiting, long Created, long Retired);
