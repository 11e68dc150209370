using Sluice.Channels;

namespace Sluice.Simulator;

/// <summary>What has to hold in a channel, derived from what its namespace is configured to keep and allow.</summary>
/// <param name="Options">The configuration; of a namespace that is not configured, nothing.</param>
/// <param name="Forgets">Whether entries, or the channel as a whole, may be forgotten within a run.</param>
/// <param name="IsKnown">Whether the namespace is configured.</param>
internal sealed record ChannelRules(ChannelOptions Options, bool Forgets, bool IsKnown = true)
{
    /// <summary>Whether a reader can return to where it was.</summary>
    public bool Recovers => Options.HasHistory && Options.History != Access.Nobody;

    /// <summary>Whether a command may be refused with an error.</summary>
    public bool MayRefuse(string method, int code) => (method, code) switch
    {
        (_, 102) => !IsKnown,
        ("subscribe", 103) => Options.Subscribe == Access.Nobody,
        ("publish", 103) => Options.Publish != Access.Client,
        ("history", 103) => Options.History != Access.Client,
        ("presence" or "presence_stats", 103) => Options.ReadPresence != Access.Client,
        ("history", 108) => !Options.HasHistory,
        ("presence" or "presence_stats", 108) => !Options.Presence,
        _ => false,
    };

    /// <summary>Whether a command has to be refused.</summary>
    public bool MustRefuse(string method) => method switch
    {
        "unsubscribe" => false,
        _ when !IsKnown => true,
        "subscribe" => Options.Subscribe == Access.Nobody,
        "publish" => Options.Publish == Access.Nobody,
        "history" => Options.History == Access.Nobody || !Options.HasHistory,
        "presence" or "presence_stats" => Options.ReadPresence == Access.Nobody || !Options.Presence,
        _ => false,
    };
}
