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

    /// <summary>The close code that a shutdown sends.</summary>
    public ushort ShutdownCode { get; init; } = CloseCodes.GoingAway;

    /// <summary>The close code for a peer that takes too little of what is sent.</summary>
    public ushort SlowCode { get; init; } = CloseCodes.PolicyViolation;

    /// <summary>A peer has completed its handshake.</summary>
    public abstract void Opened(Handle connection);

    /// <summary>A whole message. Its bytes are writable and valid until the return.</summary>
    public abstract void Received(Handle connection, Opcode opcode, Span<byte> message);

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
