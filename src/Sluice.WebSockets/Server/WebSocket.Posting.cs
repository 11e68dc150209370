using System.Buffers;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// From any thread. What is posted is done by the socket's loop in the order in which one thread posted it.
public readonly partial struct WebSocket
{
    /// <summary>Has text sent. Any thread.</summary>
    /// <remarks>Nobody hears what the send then answers, and a client that is behind by more than
    /// <see cref="EventLoopOptions.UnsentBytesMax"/> is judged as after any other: closed, by default, though it may be reading. So post what
    /// is well below that. For more, send from <see cref="WebSocketHandler.Drained"/>, or in the await style, which waits.</remarks>
    /// <param name="text">What is no character in it becomes U+FFFD.</param>
    /// <param name="options">How.</param>
    /// <returns>False when <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already. True says nothing of the socket, which
    /// may be stale by then.</returns>
    public bool Post(string text, SendOptions options = SendOptions.None)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        if (_loop is null || !_loop.Posted.TryTake(count + PostBudget.OverheadBytes))
        {
            return _loop is null;
        }
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(count);
        Encoding.UTF8.GetBytes(text, utf8);
        _loop.Loop.Post(new PostedBytes(this, Opcode.Text, utf8, count, options));
        return true;
    }

    /// <summary>Has a binary message sent. Any thread.</summary>
    /// <inheritdoc cref="Post(string, SendOptions)" path="/remarks"/>
    /// <param name="bytes">They are copied.</param>
    /// <param name="options">How.</param>
    /// <returns>False when <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already.</returns>
    public bool Post(ReadOnlySpan<byte> bytes, SendOptions options = SendOptions.None) => Post(Opcode.Binary, bytes, options);

    /// <summary>Has text sent. Any thread.</summary>
    /// <inheritdoc cref="Post(string, SendOptions)" path="/remarks"/>
    /// <param name="utf8">Valid UTF-8, which is not checked. It is copied.</param>
    /// <param name="options">How.</param>
    /// <returns>False when <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already.</returns>
    public bool PostText(ReadOnlySpan<byte> utf8, SendOptions options = SendOptions.None) => Post(Opcode.Text, utf8, options);

    /// <summary>Has a message sent that was encoded once for many. Any thread.</summary>
    /// <inheritdoc cref="Post(string, SendOptions)" path="/remarks"/>
    /// <param name="message">It is not copied.</param>
    /// <returns>False when <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already.</returns>
    public bool Post(SharedMessage message)
    {
        WebSocket socket = this;
        return Post(message.Bytes, () => socket.Send(message));
    }

    /// <summary>Has the connection closed. Any thread.</summary>
    /// <param name="code">As <see cref="Close"/> takes it.</param>
    /// <param name="reason">Cut to 123 bytes.</param>
    /// <returns>False when <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The code is none to be sent.</exception>
    public bool PostClose(ushort code = CloseCodes.Normal, string reason = "")
    {
        CheckCode(code);
        WebSocket socket = this;
        return Post(0, () => socket.Close(code, reason));
    }

    internal bool Post(int bytes, Action act)
    {
        if (_loop is null || !_loop.Posted.TryTake(bytes + PostBudget.OverheadBytes))
        {
            return _loop is null;
        }
        _loop.Loop.Post(new PostedAct(_loop, bytes, act));
        return true;
    }

    private bool Post(Opcode opcode, ReadOnlySpan<byte> bytes, SendOptions options)
    {
        if (_loop is null || !_loop.Posted.TryTake(bytes.Length + PostBudget.OverheadBytes))
        {
            return _loop is null;
        }
        byte[] copy = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(copy);
        _loop.Loop.Post(new PostedBytes(this, opcode, copy, bytes.Length, options));
        return true;
    }

    private sealed class PostedBytes(WebSocket socket, Opcode opcode, byte[] rented, int count, SendOptions options) : LoopMessage
    {
        public override void Run()
        {
            socket.Send(opcode, rented.AsSpan(0, count), options);
            ArrayPool<byte>.Shared.Return(rented);
            socket.Loop!.Posted.Return(count + PostBudget.OverheadBytes);
        }
    }

    private sealed class PostedAct(ServerLoop loop, int bytes, Action act) : LoopMessage
    {
        public override void Run()
        {
            act();
            loop.Posted.Return(bytes + PostBudget.OverheadBytes);
        }
    }
}
