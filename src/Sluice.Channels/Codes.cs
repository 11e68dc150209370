namespace Sluice.Channels;

/// <summary>Why a command was refused, as the Centrifugal client protocol numbers it; the session goes on.</summary>
/// <param name="Code">100-199; applications use 400-1999.</param>
/// <param name="Message">A short sentence for people.</param>
/// <param name="Temporary">Whether asking again may succeed.</param>
public readonly record struct CommandError(uint Code, string Message, bool Temporary = false)
{
    /// <summary>Something is wrong with us.</summary>
    public static CommandError Internal { get; } = new(100, "internal server error", true);

    /// <summary>The channel's namespace is not configured.</summary>
    public static CommandError UnknownChannel { get; } = new(102, "unknown channel");

    /// <summary>Not allowed here.</summary>
    public static CommandError PermissionDenied { get; } = new(103, "permission denied");

    /// <summary>The session has, or is getting, this subscription.</summary>
    public static CommandError AlreadySubscribed { get; } = new(105, "already subscribed");

    /// <summary>A limit's number is reached.</summary>
    public static CommandError LimitExceeded { get; } = new(106, "limit exceeded");

    /// <summary>The command makes no sense.</summary>
    public static CommandError BadRequest { get; } = new(107, "bad request");

    /// <summary>The feature is off for this channel or server.</summary>
    public static CommandError NotAvailable { get; } = new(108, "not available");

    /// <summary>What was asked for is no longer, or not in this epoch, in the log.</summary>
    public static CommandError UnrecoverablePosition { get; } = new(112, "unrecoverable position");

    /// <summary>Whether there is an error at all.</summary>
    public bool IsError => Code != 0;
}

/// <summary>Why a connection is closed: the close frame's code and reason.</summary>
/// <remarks>Official SDKs tell "terminal" only when the reason is not empty and not JSON: hence always a plain word.
/// Terminal are 3500-3999 and 4500-4999.</remarks>
/// <param name="Code">3000-4999.</param>
/// <param name="Reason">A few plain words.</param>
public readonly record struct DisconnectCode(ushort Code, string Reason)
{
    /// <summary>The server is going away; come back.</summary>
    public static DisconnectCode Shutdown { get; } = new(3001, "shutdown");

    /// <summary>The peer takes too little of what is sent.</summary>
    public static DisconnectCode Slow { get; } = new(3008, "slow");

    /// <summary>No pong came in time.</summary>
    public static DisconnectCode NoPong { get; } = new(3012, "no pong");

    /// <summary>The connection token is not valid here.</summary>
    public static DisconnectCode InvalidToken { get; } = new(3500, "invalid token");

    /// <summary>The peer does not follow the protocol.</summary>
    public static DisconnectCode BadRequest { get; } = new(3501, "bad request");

    /// <summary>Nothing was asked of the connection in time.</summary>
    public static DisconnectCode Stale { get; } = new(3502, "stale");

    /// <summary>Not allowed to connect.</summary>
    public static DisconnectCode PermissionDenied { get; } = new(3507, "permission denied");

    /// <summary>The server has no handler for this.</summary>
    public static DisconnectCode NotAvailable { get; } = new(3508, "not available");
}

/// <summary>Why the server ended a subscription. From 2500 on the client subscribes again by itself.</summary>
/// <param name="Code">2000-2999.</param>
/// <param name="Reason">A few plain words.</param>
public readonly record struct UnsubscribeCode(uint Code, string Reason)
{
    /// <summary>The reader fell behind what the log keeps.</summary>
    public static UnsubscribeCode InsufficientState { get; } = new(2500, "insufficient state");
}
