namespace Sluice.Channels;

/// <summary>What clients of the native wire may do and how long they are waited for. Nothing is open by default.</summary>
public sealed record HubOptions
{
    /// <summary>The channels.</summary>
    public ChannelNamespaces Namespaces { get; init; } = new();

    /// <summary>What a client is told about the server.</summary>
    public string Version { get; init; } = "sluice";

    /// <summary>Whether clients without a token may connect.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>Whether an anonymous client's connect data becomes its public <c>conn_info</c>.</summary>
    public bool AnonymousInfoFromData { get; init; }

    /// <summary>The largest such data.</summary>
    public int AnonymousInfoBytesMax { get; init; } = 512;

    /// <summary>Between two pings; the first comes after half of it to all of it.</summary>
    public int PingIntervalMs { get; init; } = 25_000;

    /// <summary>From a ping to its pong.</summary>
    public int PongTimeoutMs { get; init; } = 8_000;

    /// <summary>From the upgrade to a successful connect command.</summary>
    public int StaleMs { get; init; } = 10_000;

    /// <summary>Subscriptions of one session.</summary>
    public int SubscriptionsMax { get; init; } = 128;

    /// <summary>Requests of one session that may be under way; its further commands wait.</summary>
    public int PendingAnswersMax { get; init; } = 64;

    /// <summary>Bytes of commands that may wait for answers.</summary>
    public int HeldBytesMax { get; init; } = 256 << 10;

    /// <summary>Publications in one answer about history.</summary>
    public int HistoryCountMax { get; init; } = 300;

    /// <summary>Bytes of publications in one answer about history; the reader asks on from the last one.</summary>
    public int HistoryBytesMax { get; init; } = 1 << 20;

    /// <summary>Bytes of recovered publications inside a subscribe reply; the rest follows as ordinary publications.</summary>
    public int RecoveryReplyBytesMax { get; init; } = 64 << 10;
}
