using System.IO.Pipelines;
using Sluice.AspNetCore;

namespace Sluice.Live.Kestrel;

/// <summary>What carries a guest, in memory: the test is the peer, and decides when a write is taken.</summary>
internal sealed class Carrier : Stream
{
    private readonly Pipe _incoming = new(new PipeOptions(pauseWriterThreshold: 0)); // takes whatever arrives
    private readonly MemoryStream _written = new();

    /// <summary>Takes bytes of the peer.</summary>
    internal PipeWriter Peer => _incoming.Writer;

    /// <summary>What a write waits for; null: nothing.</summary>
    internal TaskCompletionSource? Gate { get; set; }

    /// <summary>What a write ends with at once.</summary>
    internal Exception? WriteError { get; set; }

    internal bool IsAborted { get; private set; }

    internal byte[] Written => _written.ToArray();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    internal Guest EnterInto(GuestSystem system, Func<Task>? completeWriting = null) => system.Enter(new GuestCarrier(this, Abort, completeWriting));

    internal Task ArriveAsync(byte[] bytes) => Peer.WriteAsync(bytes).AsTask();

    internal void Abort()
    {
        IsAborted = true;
        Gate?.TrySetException(new IOException("aborted"));
    }

    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
        _incoming.Reader.CopyToAsync(destination, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (WriteError is not null)
        {
            throw WriteError;
        }
        _written.Write(buffer.Span);
        await (Gate?.Task ?? Task.CompletedTask);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
