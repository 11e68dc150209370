using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>What is served at a path: one object per loop, called on that loop.</summary>
/// <remarks>
/// <para><b>Order of calls</b> for a connection: <see cref="Opened"/>, then any of the others, then <see cref="Closed"/>
/// once, and nothing after it. A callback may send and close; closing takes effect at once for the peer, while
/// <see cref="Closed"/> is called after the callback has returned, so that nobody's state goes away under his feet.</para>
/// <para><b>Two ways to send.</b> What is owed to one peer alone (a reply) is pushed by <see cref="EventLoop.Send"/>.
/// What many peers read is pulled: <see cref="Fill"/> is asked whenever the peer can take more, and answers from where that
/// peer's cursors stand. What could not be sent after all comes back by <see cref="Rewind"/>.</para>
/// </remarks>
public abstract class Endpoint
{
    private HandshakePolicy? _securePolicy;

    /// <summary>Makes an endpoint for one path.</summary>
    protected Endpoint(string path) => Path = path;

    /// <summary>The path, exactly as in a request line.</summary>
    public string Path { get; }

    /// <summary>What the protocol core enforces here.</summary>
    public WebSocketLimits Limits { get; init; } = WebSocketLimits.Default;

    /// <summary>Which requests are upgraded.</summary>
    public HandshakePolicy Policy { get; init; } = new();

    /// <summary>The subprotocols spoken, best first. A client that offers none is accepted too.</summary>
    public IReadOnlyList<string> Subprotocols
    {
        get => SubprotocolArray;
        init => SubprotocolArray = [.. value];
    }

    internal string[] SubprotocolArray { get; private init; } = [];

    /// <summary>How messages are compressed, with clients that offer permessage-deflate; null: not at all.</summary>
    public DeflateOptions? Deflate { get; init; }

    /// <summary>What it agrees to in a handshake.</summary>
    /// <param name="isSecure">Whether the connection is known to be encrypted.</param>
    public HandshakeTerms Terms(bool isSecure) => new()
    {
        Policy = isSecure ? _securePolicy ??= Policy with { Secure = true } : Policy,
        Subprotocols = SubprotocolArray,
        Deflate = Deflate,
    };

    /// <summary>The close code that a shutdown sends.</summary>
    public ushort ShutdownCode { get; init; } = CloseCodes.GoingAway;

    /// <summary>The close code for a peer that takes too little of what is sent.</summary>
    public ushort SlowCode { get; init; } = CloseCodes.PolicyViolation;

    /// <summary>After how long without a byte a peer is sent a ping; 0: never, since what is spoken here has pings of its own; null: as
    /// <see cref="EventLoopOptions.PingAfterMs"/> says.</summary>
    public int? PingAfterMs { get; init; }

    /// <summary>What is done with messages for a peer that takes too little.</summary>
    public OverflowPolicy Overflow { get; init; }

    /// <summary>Whether messages are taken in parts (<see cref="ReceivedPart"/>), as they arrive, instead of whole: then none is held.</summary>
    public bool TakesParts { get; init; }

    /// <summary>Has the last word on a request that is in order. If it is accepted <see cref="Opened"/> follows, with no other call
    /// between: so what is to be known of the request may be kept in a field till then.</summary>
    /// <remarks>A host that reads requests itself (<see cref="EventLoop.AdoptOpen"/>) does not ask here.</remarks>
    /// <returns>101, or the status of an error and a sentence for the client.</returns>
    public virtual HandshakeVerdict Judge(in HandshakeRequest request, in HandshakeAgreement agreement) => HandshakeVerdict.Accept;

    /// <summary>The number (<see cref="EventLoop.EndpointState"/>) that a connection begins with: what its request and its handshake say
    /// about how it will speak.</summary>
    /// <remarks>Asked by every host of each request that is accepted, on whatever thread that host has: it looks at its arguments alone.</remarks>
    public virtual int InitialState(in HandshakeRequest request, in HandshakeAgreement agreement) => 0;

    /// <summary>A peer has completed its handshake.</summary>
    public abstract void Opened(Handle connection);

    /// <summary>A whole message. Its bytes are writable and valid until the return.</summary>
    public abstract void Received(Handle connection, Opcode opcode, Span<byte> message);

    /// <summary>The next bytes of a message, where <see cref="TakesParts"/>. They are valid until the return.</summary>
    /// <param name="connection">From whom.</param>
    /// <param name="opcode">The message's, with every part. Of text the parts are valid UTF-8 together; a character may be cut.</param>
    /// <param name="part">The bytes; the last part may be empty.</param>
    /// <param name="last">Whether the message ends with them.</param>
    public virtual void ReceivedPart(Handle connection, Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
    }

    /// <summary>The peer, which was behind, has taken all that waited: once after any number of <see cref="SendResult.Queued"/> or
    /// <see cref="SendResult.Refused"/>.</summary>
    public virtual void Drained(Handle connection)
    {
    }

    /// <summary>The peer can take more: add what its cursors have for it, until the batch has no room.</summary>
    /// <returns>True when there is more than fitted.</returns>
    public virtual bool Fill(Handle connection, SendBatch batch) => false;

    /// <summary>A frame that <see cref="Fill"/> added was not sent: the cursor goes back to where it was.</summary>
    /// <param name="cursor">As given to <see cref="SendBatch.TryAddShared"/>.</param>
    /// <param name="position">As given to <see cref="SendBatch.TryAddShared"/>: the cursor's position before that frame.</param>
    public virtual void Rewind(Handle cursor, ulong position)
    {
    }

    /// <summary>The time given to <see cref="EventLoop.SetTimer"/> has come.</summary>
    public virtual void TimerFired(Handle connection)
    {
    }

    /// <summary>The connection is over: no callback for it follows.</summary>
    /// <param name="connection">Which.</param>
    /// <param name="code">The close code sent or received, whichever was first; 1005 for an empty close, 1006 when there was none.</param>
    public abstract void Closed(Handle connection, ushort code);
}
