namespace Sluice.WebSockets;

internal enum ArrivalKind
{
    Nothing,

    /// <summary>A piece of a message, or a whole one.</summary>
    Piece,

    Pong,

    /// <summary>Nothing comes any more.</summary>
    End,
}

/// <summary>What arrived.</summary>
internal readonly record struct Arrival(ArrivalKind Kind)
{
    internal ReadOnlyMemory<byte> Bytes { get; init; }

    internal bool IsText { get; init; }

    /// <summary>Whether the piece ends its message.</summary>
    internal bool IsLast { get; init; }

    /// <summary>For <see cref="ArrivalKind.End"/>.</summary>
    internal Ending? Ending { get; init; }
}

/// <summary>How a connection ended.</summary>
/// <param name="Code">See <see cref="WebSocketClient.CloseCode"/>.</param>
/// <param name="Reason">See <see cref="WebSocketClient.CloseReason"/>.</param>
/// <param name="Failure">What the next read tells, unless the peer, or we, closed.</param>
internal sealed record Ending(ushort Code, string Reason, WebSocketClientException? Failure);
