namespace Sluice.Protocol;

/// <summary>What a peer did.</summary>
public enum WebSocketEventKind : byte
{
    /// <summary>A piece of a message, or all of it.</summary>
    Data,

    /// <summary>A ping, which has been answered.</summary>
    Ping,

    /// <summary>A pong, asked for or not.</summary>
    Pong,

    /// <summary>The peer closes. The close frame has been answered, unless we closed first. Nothing follows.</summary>
    Close,

    /// <summary>The peer broke a rule or a limit and has been sent a close frame, unless we closed first. Nothing follows.</summary>
    Violation,
}

/// <summary>One thing that a peer did. It borrows its bytes: those of a compressed message from the inflater, until the next event is
/// read; all others from the input, hence it lives no longer than they do.</summary>
public readonly ref struct WebSocketEvent
{
    internal WebSocketEvent(WebSocketEventKind kind, Opcode opcode, Span<byte> payload)
    {
        Kind = kind;
        Opcode = opcode;
        Payload = payload;
    }

    internal WebSocketEvent(WebSocketEventKind kind, ushort closeCode, ReadOnlySpan<byte> reason)
    {
        Kind = kind;
        Opcode = Opcode.Close;
        CloseCode = closeCode;
        Reason = reason;
    }

    /// <summary>What it is.</summary>
    public WebSocketEventKind Kind { get; }

    /// <summary>For <see cref="WebSocketEventKind.Data"/> the message's: <see cref="Opcode.Text"/> or
    /// <see cref="Opcode.Binary"/>, also for its later fragments.</summary>
    public Opcode Opcode { get; }

    /// <summary>Whether this is the beginning of its message.</summary>
    public bool First { get; internal init; }

    /// <summary>Whether this is the end of its message. A text message is valid UTF-8 then.</summary>
    public bool Last { get; internal init; }

    /// <summary>For <see cref="WebSocketEventKind.Close"/> the peer's code, 1005 if it gave none. For
    /// <see cref="WebSocketEventKind.Violation"/> the code that it was sent.</summary>
    public ushort CloseCode { get; }

    /// <summary>The unmasked payload of data, ping and pong.</summary>
    /// <remarks>It may be written to where it is the caller's own input, and where it ends its message (<see cref="Last"/>) on a connection
    /// whose peer compresses without context. An earlier part of a compressed message is the inflater's window, to which what follows looks back.</remarks>
    public Span<byte> Payload { get; }

    /// <summary>For <see cref="WebSocketEventKind.Close"/> the peer's words, valid UTF-8. For
    /// <see cref="WebSocketEventKind.Violation"/> a short sentence of ours in ASCII.</summary>
    public ReadOnlySpan<byte> Reason { get; }
}
