using System.Net;
using System.Runtime.CompilerServices;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>One client's connection for whoever likes to await: an object, a task and a bounded inbox, for this connection alone.</summary>
/// <remarks>
/// <para><b>Threads.</b> Any. One read at a time; sends wait for each other.</para>
/// <para><b>The end.</b> When the connection is over, however that came, reads give what had arrived and then null, and the handler's token is
/// cancelled. Whoever sends nevertheless gets an <see cref="OperationCanceledException"/> of that token, so that a handler that only sends ends too.
/// A handler that ends by it has ended well: a client that goes is no error.</para>
/// <para><b>Backpressure.</b> A send completes when the message was accepted and the client is not behind; while the inbox is full
/// (<see cref="WebSocketPathOptions.InboxBytesMax"/>) nothing is read from the client.</para>
/// </remarks>
#pragma warning disable CA1001 // Neither the token's source nor the semaphore holds anything that needs to be disposed.
public sealed partial class AsyncWebSocket : IMessageSource
#pragma warning restore CA1001
{
    private readonly WebSocket _socket;
    private readonly WebSocketPathOptions _options;
    private readonly AsyncInbox _inbox;
    private readonly CancellationTokenSource _over = new();
    private readonly MessageBuffer _gathered = new();
    private ArrivedPart? _lent; // the caller reads it until the next read
    private WebSocketMessageStream? _stream; // the message that was last read as a stream
    private WebSocketMessageStream? _unfinished; // the message that is read as a stream and not to its end
    private bool _isGathering; // a message that is read whole and not to its end
    private int _isReading;
    private int _isClosing;
    private int _closeCode;

    internal AsyncWebSocket(WebSocket socket, WebSocketPathOptions options, Admitted admitted)
    {
        _socket = socket;
        _options = options;
        _inbox = new AsyncInbox(socket, options);
        _sender = new AsyncSend(socket);
        Admitted = admitted;
        RemoteAddress = socket.RemoteAddress;
    }

    /// <summary>How it was let in.</summary>
    public Admitted Admitted { get; }

    /// <summary>The client's address, or that of the proxy before it; null if it was gone at once.</summary>
    public IPAddress? RemoteAddress { get; }

    /// <summary>How it ended, once it has: the code sent or received, whichever was first; 1005 for a close without one, 1006 when there was no close at all.</summary>
    public ushort? CloseCode => Volatile.Read(ref _closeCode) is > 0 and int code ? (ushort)code : null;

    internal CancellationToken Over => _over.Token;

    /// <summary>The same connection for topics, and for posting to.</summary>
    public static implicit operator WebSocket(AsyncWebSocket socket) => socket._socket;

    /// <summary>The same connection for topics, and for posting to.</summary>
    public WebSocket ToWebSocket() => _socket;

    /// <summary>Reads the next message whole.</summary>
    /// <param name="cancellationToken">Stops waiting, and loses nothing.</param>
    /// <returns>A message that is valid until the next read, or null when the connection is over. One longer than
    /// <see cref="WebSocketLimits.MessageBytesMax"/> closes it with 1009.</returns>
    /// <exception cref="InvalidOperationException">Another read is under way.</exception>
    public async ValueTask<WebSocketMessage?> ReadAsync(CancellationToken cancellationToken = default)
    {
        BeginRead();
        try
        {
            await SkipUnfinishedAsync(cancellationToken).ConfigureAwait(false);
            while (await _inbox.TakeAsync(cancellationToken).ConfigureAwait(false) is { } part)
            {
                if (part.IsLast && !_isGathering)
                {
                    _lent = part;
                    return part.Length <= _options.Limits.MessageBytesMax ? new WebSocketMessage(part.Bytes, part.Opcode == Opcode.Text) : await RefuseAsync().ConfigureAwait(false);
                }
                _gathered.Append(part.Bytes.Span);
                _isGathering = !part.IsLast;
                part.Return();
                if (_gathered.Written.Length > _options.Limits.MessageBytesMax)
                {
                    return await RefuseAsync().ConfigureAwait(false);
                }
                if (part.IsLast)
                {
                    return new WebSocketMessage(_gathered.Written, part.Opcode == Opcode.Text);
                }
            }
            _isGathering = false; // its end does not come
            return null;
        }
        finally
        {
            EndRead();
        }
    }

    /// <summary>Reads message after message until the connection is over.</summary>
    /// <param name="cancellationToken">Ends it by an <see cref="OperationCanceledException"/>. With the handler's own token it ends by itself.</param>
    /// <returns>Messages, each valid until the next is asked for.</returns>
    public async IAsyncEnumerable<WebSocketMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is WebSocketMessage message)
        {
            yield return message;
        }
    }

    /// <summary>Begins to read the next message as a stream: it is given as it arrives, and never held whole.</summary>
    /// <param name="cancellationToken">Stops waiting, and loses nothing.</param>
    /// <returns>A stream that is valid until the next read, which skips what is left of it; or null when the connection is over.</returns>
    /// <exception cref="InvalidOperationException">Another read is under way, or <see cref="ReadAsync"/> was cancelled in the middle
    /// of a message and must go on with it.</exception>
    public async ValueTask<WebSocketMessageStream?> ReadStreamAsync(CancellationToken cancellationToken = default)
    {
        BeginRead();
        try
        {
            if (_isGathering)
            {
                throw new InvalidOperationException("ReadAsync was cancelled in the middle of a message and must go on with it.");
            }
            await SkipUnfinishedAsync(cancellationToken).ConfigureAwait(false);
            if (await _inbox.TakeAsync(cancellationToken).ConfigureAwait(false) is not { } part)
            {
                return null;
            }
            WebSocketMessageStream stream = new(this, Lend(part));
            _unfinished = part.IsLast ? null : stream;
            _stream = stream;
            return stream;
        }
        finally
        {
            EndRead();
        }
    }

    /// <summary>Closes the connection; what was sent before goes first. Nothing more is received.</summary>
    /// <param name="code">1000 to 1003, 1007 to 1014, or 3000 to 4999.</param>
    /// <param name="reason">Cut to 123 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The code is none to be sent.</exception>
    public void Close(ushort code = CloseCodes.Normal, string reason = "")
    {
        WebSocket.CheckCode(code);
        if (Interlocked.Exchange(ref _isClosing, 1) == 0)
        {
            _socket.Loop!.Loop.Post(new PostedClose(_socket, code, reason));
        }
    }

    async ValueTask<Arrival> IMessageSource.ReadOnAsync(WebSocketMessageStream stream, CancellationToken cancellationToken)
    {
        BeginRead();
        try
        {
            if (_unfinished != stream)
            {
                throw new InvalidOperationException("What was left of this message was skipped by a later read.");
            }
            if (await _inbox.TakeAsync(cancellationToken).ConfigureAwait(false) is not { } part)
            {
                throw new IOException("The connection ended in the middle of a message.");
            }
            _unfinished = part.IsLast ? null : stream;
            return Lend(part);
        }
        finally
        {
            EndRead();
        }
    }

    internal void Add(Opcode opcode, ReadOnlySpan<byte> part, bool last) => _inbox.Add(opcode, part, last);

    internal void Drained() => _sender.Drained();

    /// <summary>The connection is over: whoever waits is told, readers first, so that they end by themselves.</summary>
    internal void End(ushort code)
    {
        Volatile.Write(ref _closeCode, code);
        _inbox.Complete();
        _sender.End();
        _ = _over.CancelAsync();
    }

    /// <summary>Gives back what the connection rented, when its handler has returned.</summary>
    internal void Release()
    {
        _inbox.Drop();
        _lent?.Return();
        _lent = null;
        _gathered.Release();
    }

    // What the last read lent goes back.
    private void BeginRead()
    {
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
        {
            throw new InvalidOperationException("Another read is under way; one at a time is possible.");
        }
        _lent?.Return();
        _lent = null;
        if (!_isGathering)
        {
            _gathered.Release();
        }
    }

    private void EndRead() => Volatile.Write(ref _isReading, 0);

    private Arrival Lend(ArrivedPart part)
    {
        _lent = part;
        return new(ArrivalKind.Piece) { Bytes = part.Bytes, IsText = part.Opcode == Opcode.Text, IsLast = part.IsLast };
    }

    private async ValueTask SkipUnfinishedAsync(CancellationToken cancellationToken)
    {
        _stream?.Leave();
        _stream = null;
        while (_unfinished is not null)
        {
            ArrivedPart? part = await _inbox.TakeAsync(cancellationToken).ConfigureAwait(false);
            _unfinished = part is { IsLast: false } ? _unfinished : null;
            part?.Return();
        }
    }

    private async ValueTask<WebSocketMessage?> RefuseAsync()
    {
        Close(CloseCodes.MessageTooBig, "message too big");
        _isGathering = false;
        while (await _inbox.TakeAsync(CancellationToken.None).ConfigureAwait(false) is { } part)
        {
            part.Return();
        }
        return null;
    }

    private sealed class PostedClose(WebSocket socket, ushort code, string reason) : LoopMessage
    {
        public override void Run() => socket.Close(code, reason);
    }
}
