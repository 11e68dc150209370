using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>A WebSocket to a server, on every operating system.</summary>
/// <example>
/// <code>
/// using Sluice.WebSockets;
///
/// await using WebSocketClient socket = await WebSocketClient.ConnectAsync(new Uri("wss://example.com/feed"));
/// await socket.SendAsync("hello");
/// await foreach (WebSocketMessage message in socket.ReadAllAsync())
/// {
///     Console.WriteLine(message.IsText ? message.Text : $"{message.Bytes.Length} bytes");
///     if (message.IsText &amp;&amp; message.Text == "bye")
///     {
///         await socket.CloseAsync();
///     }
/// }
/// Console.WriteLine($"closed: {socket.CloseCode} {socket.CloseReason}");
/// </code>
/// </example>
/// <remarks>
/// <para><b>Threads.</b> One reader at a time; a second is an <see cref="InvalidOperationException"/>. Any number of senders,
/// whose messages queue. Closing and aborting from anywhere. Nothing is read, not even a ping, while nobody reads: so the
/// backpressure of a slow reader reaches the server. Whoever only sends must read too: the silence of a dead server, the end of a
/// closed connection and, over HTTP/2, that of a stream which the server has reset show in reads alone.</para>
/// <para><b>Staleness.</b> A <see cref="WebSocketMessage"/> and a <see cref="WebSocketMessageStream"/> are valid until the next read.</para>
/// <para><b>Cancellation.</b> A cancelled read loses nothing: the next goes on where it was. A cancelled send has sent
/// nothing if it was still waiting for its turn; else half a message cannot be taken back, and the connection is aborted. A
/// send has no time-out of its own: its token is the way out.
/// A cancelled <see cref="CloseAsync"/> aborts it too.</para>
/// <para><b>Errors.</b> Whatever goes wrong is a <see cref="WebSocketClientException"/>. If the connection ends otherwise
/// than by a close frame, the next read tells it, once; all further ones tell the end (null).</para>
/// </remarks>
public sealed partial class WebSocketClient : IAsyncDisposable
{
    private readonly WebSocketClientOptions _options;
    private readonly Upgraded _transport;
    private readonly FrameSender _sender;
    private readonly FrameReader _reader;
    private readonly DeflateAgreement _deflate;
    private readonly KeepAlive? _keepAlive;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebSocketClient(Upgraded transport, WebSocketClientOptions options)
    {
        _options = options;
        _transport = transport;
        _deflate = transport.Agreement.Deflate;
        Subprotocol = transport.Agreement.Subprotocol;
        _sender = new FrameSender(transport.Stream, Abort);
        _reader = new FrameReader(transport, _sender, options);
        _keepAlive = options.PingIntervalMs > 0 ? new KeepAlive(_reader, _sender, options, GiveUp) : null;
    }

    /// <summary>What the server chose of <see cref="WebSocketClientOptions.Subprotocols"/>, or null.</summary>
    public string? Subprotocol { get; }

    /// <summary>Whether compression was agreed.</summary>
    public bool IsDeflated => _deflate.Agreed;

    /// <summary>Whether messages may still be sent, as far as is known.</summary>
    public bool IsOpen => !_sender.IsClosing && !_sender.IsBroken;

    /// <summary>Once the connection has ended: the server's close code, 1005 if it gave none; 1006 if there was no close frame; what
    /// we sent if the server broke the protocol. Until then null.</summary>
    public ushort? CloseCode => _ending?.Code;

    /// <summary>The words that came with <see cref="CloseCode"/>; perhaps empty.</summary>
    public string? CloseReason => _ending?.Reason;

    /// <summary>Opens a connection.</summary>
    /// <param name="uri">Absolute, ws or wss, without fragment and user information.</param>
    /// <param name="options">How; null: <see cref="WebSocketClientOptions.Default"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The address or an option cannot be meant. Nothing was sent.</exception>
    /// <exception cref="WebSocketClientException">There is no such connection; its <see cref="WebSocketClientException.Failure"/> says why.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<WebSocketClient> ConnectAsync(Uri uri, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= WebSocketClientOptions.Default;
        OpeningHandshake handshake = new(uri, options);
        using Deadline deadline = new(options.ConnectTimeoutMs, options.TimeProvider, cancellationToken);
        try
        {
            return new WebSocketClient(await handshake.PerformAsync(deadline.Token).ConfigureAwait(false), options);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw WebSocketClientException.Timeout($"No connection to {uri.Authority}", options.ConnectTimeoutMs);
        }
    }

    /// <summary>Closes, if that was not done, and waits for the closing handshake as <see cref="CloseAsync"/> does. Never throws.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        End();
    }
}
