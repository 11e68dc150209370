using System.Threading.Tasks.Sources;

namespace Sluice.AspNetCore;

/// <summary>What a guest's carrier brings, on its way to the loop: a stream that the carrier copies into.</summary>
/// <remarks>
/// <para>Being copied into costs less than reading: the carrier shows its own bytes, so a guest has no buffer, and
/// waits for the next ones by itself, so nobody starts a read for each message.</para>
/// <para><b>Threads.</b> The carrier offers one piece and waits until it is taken; the loop takes it, at once or when
/// it wants more. An interlocked state tells whether the carrier still has to be told.</para>
/// </remarks>
internal sealed class Incoming(GuestSystem system, Guest guest) : Stream, IValueTaskSource
{
    private const int Nothing = 0;
    private const int Offered = 1;
    private const int Awaited = 2;

    private ManualResetValueTaskSourceCore<bool> _taken = new() { RunContinuationsAsynchronously = true };
    private ReadOnlyMemory<byte> _piece;
    private int _state;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether bytes wait to be taken. On the loop.</summary>
    internal bool HasBytes => Volatile.Read(ref _state) != Nothing;

    /// <summary>The carrier offers bytes, which it leaves alone until they are taken.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return default;
        }
        _taken.Reset();
        _piece = buffer;
        Interlocked.Exchange(ref _state, Offered);
        // Either this sees that the guest is closed, or its closing sees the offer.
        if (cancellationToken.IsCancellationRequested)
        {
            Volatile.Write(ref _state, Nothing);
            return ValueTask.FromCanceled(cancellationToken);
        }
        system.ReportHere(guest);
        return Interlocked.CompareExchange(ref _state, Awaited, Offered) == Offered ? new ValueTask(this, _taken.Version) : default;
    }

    /// <summary>Takes what fits. On the loop, when there is something.</summary>
    internal int Take(Span<byte> destination)
    {
        int count = Math.Min(_piece.Length, destination.Length);
        _piece.Span[..count].CopyTo(destination);
        _piece = _piece[count..];
        if (_piece.IsEmpty)
        {
            Drop();
        }
        return count;
    }

    /// <summary>Takes everything and keeps nothing.</summary>
    internal void Drop()
    {
        _piece = default;
        if (Interlocked.Exchange(ref _state, Nothing) == Awaited)
        {
            _taken.SetResult(true);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _taken.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _taken.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token) => _taken.GetResult(token);

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
