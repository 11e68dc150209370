namespace Sluice.Loop;

/// <summary>What became of a message that was to be sent.</summary>
public enum SendResult : byte
{
    /// <summary>Accepted, and nothing waits before it.</summary>
    Sent,

    /// <summary>Accepted, but the peer is behind: it waits. Better send no more until <see cref="Endpoint.Drained"/>.</summary>
    Queued,

    /// <summary>Not accepted: too much waits already, or the connection is closing or gone.</summary>
    Refused,
}

/// <summary>What is done when more than <see cref="EventLoopOptions.UnsentBytesMax"/> would wait for a peer that takes too little.</summary>
public enum OverflowPolicy : byte
{
    /// <summary>It is closed, with its endpoint's <see cref="Endpoint.SlowCode"/>.</summary>
    Close,

    /// <summary>The message that would be too much is refused.</summary>
    DropNewest,

    /// <summary>The oldest messages that the peer has got nothing of are dropped, whole ones, until three quarters of the bound are left.</summary>
    DropOldest,
}

/// <summary>How one message is sent.</summary>
[Flags]
public enum SendOptions : byte
{
    /// <summary>As the endpoint does by default: compressed where that was agreed and is likely to pay.</summary>
    None = 0,

    /// <summary>Not compressed: what is secret and stands beside what an attacker chose must not be, since the length would tell.</summary>
    Uncompressed = 1,
}
