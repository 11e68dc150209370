using System.Collections.Immutable;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Judges a request that is otherwise in order: who it is, and whether it may connect. Called on a loop's thread, so it must not wait.</summary>
/// <param name="request">What is asked for. All text is the client's; it is valid until the return.</param>
/// <param name="claims">What is to be known of it later: <see cref="Admitted.Claims"/>.</param>
/// <returns><see cref="HandshakeVerdict.Accept"/>, or a status from 400 to 599 and a sentence for the client.</returns>
public delegate HandshakeVerdict HandshakeJudge(in HandshakeRequest request, out object? claims);

/// <summary>What holds for the connections of a path. Immutable, so it may be shared; change it by <c>with</c>.</summary>
public record WebSocketPathOptions
{
    /// <summary>The subprotocols spoken, best first. If there are any, a client that offers some must offer one of them; one that
    /// offers none is accepted too. Which it is: <see cref="Admitted.Subprotocol"/>.</summary>
    public ImmutableArray<string> Subprotocols
    {
        get => field.IsDefault ? [] : field;
        init;
    }

    /// <summary>From which pages browsers may connect. By default only from those of the host that they connect to.</summary>
    public HandshakePolicy Policy { get; init; } = HandshakePolicy.SameOrigin;

    /// <summary>Has the last word on a request; null: every one that is in order is accepted.</summary>
    public HandshakeJudge? Judge { get; init; }

    /// <summary>How messages are compressed, with clients that offer it (permessage-deflate); null: not at all. See the warning at
    /// <see cref="DeflateOptions"/>.</summary>
    public DeflateOptions? Deflate { get; init; }

    /// <summary>What a client may send. <see cref="WebSocketLimits.MessageBytesMax"/> holds for messages that are given whole.</summary>
    public WebSocketLimits Limits { get; init; } = WebSocketLimits.Default;

    /// <summary>The longest message that is taken in parts, or read as a stream, in bytes.</summary>
    public long StreamedMessageBytesMax { get; init; } = 1L << 30;

    /// <summary>In the await style: how much may have arrived and not been read before nothing more is read from that client, in
    /// bytes. A part of a message counts 64 more.</summary>
    /// <remarks>What is received in the same turn of the loop is still taken: <see cref="EventLoopOptions.EventQuantum"/> parts, or a
    /// kilobyte for each of them when they are compressed, and one part.</remarks>
    public int InboxBytesMax { get; init; } = 256 << 10;

    /// <summary>What is done with messages for a client that takes too little, beyond <see cref="EventLoopOptions.UnsentBytesMax"/>.</summary>
    public OverflowPolicy Overflow { get; init; }

    /// <exception cref="ArgumentException">A limit is none, or a subprotocol.</exception>
    internal virtual void Validate()
    {
        Protocol.Subprotocols.Check(Subprotocols.AsSpan(), nameof(Subprotocols));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Limits.MessageBytesMax, Array.MaxLength, $"{nameof(Limits)}.{nameof(Limits.MessageBytesMax)}");
        ArgumentOutOfRangeException.ThrowIfNegative(StreamedMessageBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(InboxBytesMax);
    }
}

/// <summary>How a socket was let in.</summary>
/// <param name="Claims">What <see cref="WebSocketPathOptions.Judge"/> wanted to be known of it.</param>
/// <param name="Subprotocol">What was agreed to be spoken, one of <see cref="WebSocketPathOptions.Subprotocols"/>, or null.</param>
public readonly record struct Admitted(object? Claims, string? Subprotocol);
