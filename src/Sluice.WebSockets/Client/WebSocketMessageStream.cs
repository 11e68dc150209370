namespace Sluice.WebSockets;

/// <summary>A message that is read as it arrives. Valid until the next read of its connection, which skips what is left of it; it
/// need not be read to its end or disposed.</summary>
/// <remarks>Its end is the end of the message. If the connection ends before, reading throws, at a client <see cref="WebSocketClientException"/>,
/// at a server <see cref="IOException"/>: a part of a message is never taken for all of it. Only asynchronous reading is possible.</remarks>
public sealed class WebSocketMessageStream : Stream
{
    private readonly IMessageSource _source;
    private ReadOnlyMemory<byte> _piece;
    private bool _isLast;
    private bool _isLeft; // for a later message, with something unread

    internal WebSocketMessageStream(IMessageSource source, in Arrival first)
    {
        _source = source;
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
    /// <exception cref="WebSocketClientException">A client's connection ended in the middle of the message.</exception>
    /// <exception cref="IOException">A server's connection ended in the middle of the message.</exception>
    /// <exception cref="InvalidOperationException">The rest was skipped by a later read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isLeft)
        {
            throw new InvalidOperationException("What was left of this message was skipped by a later read.");
        }
        while (_piece.IsEmpty && !_isLast && !buffer.IsEmpty)
        {
            Arrival next = await _source.ReadOnAsync(this, cancellationToken).ConfigureAwait(false);
            _piece = next.Bytes;
            _isLast = next.IsLast;
        }
        int count = Math.Min(buffer.Length, _piece.Length);
        _piece[..count].CopyTo(buffer);
        _piece = _piece[count..];
        return count;
    }

    /// <summary>A later read begins, so the bytes in hand are no longer those of this message.</summary>
    internal void Leave() => _isLeft = !_isLast || !_piece.IsEmpty;

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
