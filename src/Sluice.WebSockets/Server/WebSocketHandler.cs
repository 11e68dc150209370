using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>What is done with the sockets of a path, whose state is kept by nobody, or by the handler itself.</summary>
/// <remarks>
/// <para><b>Thread.</b> Each socket belongs to one loop, whose thread makes all calls for it, one at a time. A handler that serves
/// several loops is called by several threads at once, for different sockets; one made for each loop is not. A callback must
/// not wait: every other socket of the loop waits with it.</para>
/// <para><b>Order.</b> <see cref="Opened"/>, then any of the others, then <see cref="Closed"/> once, and nothing after it. A callback
/// may send and close; <see cref="Closed"/> comes after it has returned.</para>
/// <para><b>Errors.</b> An exception closes the socket with 1011 and is told to <see cref="WebSocketServerOptions.Error"/>.</para>
/// </remarks>
public abstract class WebSocketHandler
{
    /// <summary>Whether messages are taken in parts (<see cref="ReceivedPart"/>), as they arrive, instead of whole: then none is held. Asked once a loop.</summary>
    public virtual bool TakesParts => false;

    /// <summary>A client has connected.</summary>
    /// <param name="socket">It; may be kept, and used until <see cref="Closed"/>.</param>
    /// <param name="admitted">How it was let in.</param>
    public virtual void Opened(WebSocket socket, Admitted admitted)
    {
    }

    /// <summary>A whole message.</summary>
    /// <param name="socket">From whom.</param>
    /// <param name="message">Valid until the return.</param>
    public virtual void Received(WebSocket socket, ReceivedMessage message)
    {
    }

    /// <summary>The next bytes of a message, where <see cref="TakesParts"/>.</summary>
    /// <param name="socket">From whom.</param>
    /// <param name="opcode">Text or binary, with every part. The parts of text are valid UTF-8 together; a character may be cut.</param>
    /// <param name="part">At most 64 KB, valid until the return. The last may be empty.</param>
    /// <param name="last">Whether the message ends with them.</param>
    public virtual void ReceivedPart(WebSocket socket, Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
    }

    /// <summary>The client, which was behind, has taken all that waited for it: once after any number of
    /// <see cref="Loop.SendResult.Queued"/> or <see cref="Loop.SendResult.Refused"/>.</summary>
    public virtual void Drained(WebSocket socket)
    {
    }

    /// <summary>The connection is over.</summary>
    /// <param name="socket">Stale from now on.</param>
    /// <param name="code">The close code sent or received, whichever was first; 1005 for a close without one, 1006 when there was no close at all.</param>
    public virtual void Closed(WebSocket socket, ushort code)
    {
    }
}

/// <summary>What is done with the sockets of a path, each of which has a state: a field of a table, not an object, unless
/// <typeparamref name="TState"/> is one.</summary>
/// <remarks>As <see cref="WebSocketHandler"/>, in every respect.</remarks>
/// <typeparam name="TState">Each socket's own; its default at first.</typeparam>
public abstract class WebSocketHandler<TState>
{
    /// <inheritdoc cref="WebSocketHandler.TakesParts"/>
    public virtual bool TakesParts => false;

    /// <summary>A client has connected.</summary>
    /// <param name="socket">It; may be kept, and used until <see cref="Closed"/>.</param>
    /// <param name="state">The socket's own, to be filled in.</param>
    /// <param name="admitted">How it was let in.</param>
    public virtual void Opened(WebSocket socket, ref TState state, Admitted admitted)
    {
    }

    /// <summary>A whole message.</summary>
    /// <param name="socket">From whom.</param>
    /// <param name="state">The socket's own.</param>
    /// <param name="message">Valid until the return.</param>
    public virtual void Received(WebSocket socket, ref TState state, ReceivedMessage message)
    {
    }

    /// <summary>The next bytes of a message, where <see cref="TakesParts"/>.</summary>
    /// <param name="socket">From whom.</param>
    /// <param name="state">The socket's own.</param>
    /// <param name="opcode">Text or binary, with every part. The parts of text are valid UTF-8 together; a character may be cut.</param>
    /// <param name="part">At most 64 KB, valid until the return. The last may be empty.</param>
    /// <param name="last">Whether the message ends with them.</param>
    public virtual void ReceivedPart(WebSocket socket, ref TState state, Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
    }

    /// <inheritdoc cref="WebSocketHandler.Drained"/>
    public virtual void Drained(WebSocket socket, ref TState state)
    {
    }

    /// <summary>The connection is over.</summary>
    /// <param name="socket">Stale from now on.</param>
    /// <param name="state">The socket's own, for the last time.</param>
    /// <param name="code">As <see cref="WebSocketHandler.Closed"/> has it.</param>
    public virtual void Closed(WebSocket socket, ref TState state, ushort code)
    {
    }
}
