using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

[Flags]
internal enum SessionFlags : byte
{
    None = 0,

    /// <summary>Its connect command has succeeded.</summary>
    Connected = 1,

    /// <summary>A ping is out and not answered.</summary>
    AwaitsPong = 2,

    /// <summary>Commands wait for an answer before they are executed.</summary>
    Holds = 4,

    /// <summary>It owed no pong when its time came, and has it once more.</summary>
    WasExcused = 8,

    /// <summary>It speaks Protobuf.</summary>
    Protobuf = 16,
}

/// <summary>One client's session: its row. Its identity is a reference beside the row.</summary>
internal struct Session
{
    public Handle Connection;
    public Guid Client;
    public long PingSentMs;

    /// <summary>The first of its subscriptions, by index; -1 for none.</summary>
    public int FirstSubscription;

    public ushort SubscriptionCount;

    /// <summary>Requests under way.</summary>
    public ushort PendingAnswers;

    public SessionFlags Flags;

    public readonly WireFormat Format => (Flags & SessionFlags.Protobuf) != 0 ? WireFormat.Protobuf : WireFormat.Json;
}

[Flags]
internal enum SubscriptionFlags : byte
{
    None = 0,

    /// <summary>The mirror was not live yet: the reply is still owed.</summary>
    Pending = 1,

    /// <summary>Losing a publication must be told.</summary>
    Positioned = 2,

    /// <summary>Is counted in the channel's presence.</summary>
    Present = 4,
}

/// <summary>One reader of a channel: a session, a mirror, and how far it has read.</summary>
internal struct Subscription
{
    /// <summary>The sequence up to which the mirror's log has been sent.</summary>
    public ulong Cursor;

    /// <summary>The session, by index.</summary>
    public int Session;

    /// <summary>The session's next subscription, by index; -1 for none.</summary>
    public int Next;

    /// <summary>Its place among the mirror's readers.</summary>
    public int ReaderIndex;

    public SubscriptionFlags Flags;
}
