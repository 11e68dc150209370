namespace Sluice.WebSockets;

/// <summary>A message that is read as it arrives. Valid until the next read of its <see cref="WebSocketClient"/>, which skips what
/// is left of it; it need not be read to its end or disposed.</summary>
/// <remarks>Its end is the end of the message. If the connection ends before, reading throws <see cref="WebSocketClientException"/>:
/// a part of a message is never taken for all of it. Only asynchronous reading is possible.</remarks>
public sealed class WebSocketMessageStream : Stream
{
    private readonly WebSocketClient _client;
    private ReadOnlyMemory<byte> _piece;
    private bool _isLast;

    internal WebSocketMessageStream(WebSocketClient client, in Arrival first)
    {
        _client = client;
        _piece = first.Bytes;
        _isLast = first.IsLast;
        IsText = first.IsText;
    }

    /// <summary>Whether it was sent as text; then it is valid UTF-8, checked as it arrives.</summary>
    public bool IsText { get; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="WebSocketClientException">The connection ended in the middle of the message.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_piece.IsEmpty && !_isLast && !buffer.IsEmpty)
        {
            Arrival next = await _client.ReadOnAsync(this, cancellationToken).ConfigureAwait(false);
            _piece = next.Bytes;
            _isLast = next.IsLast;
        }
        int count = Math.Min(buffer.Length, _piece.Length);
        _piece[..count].CopyTo(buffer);
        _piece = _piece[count..];
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Not possible: the bytes may have to be waited for.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A message is read asynchronously.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
