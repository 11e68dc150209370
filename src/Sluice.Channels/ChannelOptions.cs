namespace Sluice.Channels;

/// <summary>Who may do something in a channel, beside the server's own API.</summary>
public enum Access : byte
{
    /// <summary>Nobody.</summary>
    Nobody,

    /// <summary>Sessions that are subscribed to the channel.</summary>
    Subscriber,

    /// <summary>Every connected session.</summary>
    Client,
}

/// <summary>What a namespace's channels keep and allow. Nothing is kept and nothing allowed by default.</summary>
public sealed record ChannelOptions
{
    /// <summary>Entries without an offset that a log holds for readers that keep up.</summary>
    public const int LiveEntriesMax = 1024;

    /// <summary>Bytes of them.</summary>
    public const int LiveBytesMax = 1 << 20;

    /// <summary>For how long.</summary>
    public const int LiveTtlMs = 10_000;

    /// <summary>Publications kept; 0: no history and no recovery.</summary>
    public int HistorySize { get; init; }

    /// <summary>For how long.</summary>
    public long HistoryTtlMs { get; init; } = 300_000;

    /// <summary>Bytes of them; beyond it fewer publications are kept.</summary>
    public long HistoryBytesMax { get; init; } = 16 << 20;

    /// <summary>For how long an idle channel's position is remembered after its last entry was dropped; then its epoch changes.</summary>
    public long PositionTtlMs { get; init; } = 3_600_000;

    /// <summary>Whether it is known who is subscribed.</summary>
    public bool Presence { get; init; }

    /// <summary>Whether subscribers are told of joins and leaves; needs no wish of theirs.</summary>
    public bool JoinLeave { get; init; }

    /// <summary>Who may subscribe: <see cref="Access.Client"/> or nobody.</summary>
    public Access Subscribe { get; init; }

    /// <summary>Who may publish.</summary>
    public Access Publish { get; init; }

    /// <summary>Who may read history, and recover after a break.</summary>
    public Access History { get; init; }

    /// <summary>Who may ask who is there.</summary>
    public Access ReadPresence { get; init; }

    /// <summary>Whether the log has positions.</summary>
    public bool HasHistory => HistorySize > 0;
}

/// <summary>The channels of a server: which names there are, and what they keep and allow.</summary>
/// <remarks>A channel's namespace is its name up to the first colon; without a colon it is the namespace named "".</remarks>
public sealed record ChannelNamespaces
{
    /// <summary>The configured namespaces.</summary>
    public IReadOnlyDictionary<string, ChannelOptions> Options { get; init; } = new Dictionary<string, ChannelOptions>();

    /// <summary>The longest channel name.</summary>
    public int NameLengthMax { get; init; } = 255;

    /// <summary>Judges a channel's name and finds its options.</summary>
    public CommandError Find(string channel, out ChannelOptions options)
    {
        options = null!;
        if (channel.Length > NameLengthMax || !IsPrintableAscii(channel))
        {
            return CommandError.BadRequest;
        }
        int colon = channel.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? string.Empty : channel[..colon];
        return Options.TryGetValue(name, out options!) ? default : CommandError.UnknownChannel;
    }

    private static bool IsPrintableAscii(string channel)
    {
        foreach (char c in channel)
        {
            if (c is < '!' or > '~')
            {
                return false;
            }
        }
        return true;
    }
}
