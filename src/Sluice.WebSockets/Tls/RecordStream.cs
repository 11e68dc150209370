using System.Buffers;
using System.Threading.Tasks.Sources;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>The records of one TLS connection, as <c>SslStream</c> reads and writes them: while a loop has the connection they come
/// and go within the loop's turns, and afterwards through another stream.</summary>
/// <remarks>
/// <para><b>Thread.</b> The loop's, until <see cref="CarryAsync"/>. A read that finds nothing pends, and is completed by
/// <see cref="Bring"/> or <see cref="End"/> there and then: whatever <c>SslStream</c> makes of the bytes happens within that call, on
/// that thread. So the bytes need no copy, and nobody has to wait for anybody.</para>
/// <para><b>Writing</b> never pends: what is written is the loop's to send.</para>
/// </remarks>
/// <param name="written">Takes what is written while a loop has the connection.</param>
internal sealed class RecordStream(IBufferWriter<byte> written) : UnseekableStream, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _read;
    private Memory<byte> _destination;
    private ReadOnlyMemory<byte> _arrived;
    private Stream? _input;
    private Stream? _output;
    private bool _isAwaited;
    private bool _isEnded;

    /// <summary>Gives bytes to whoever reads. They are valid until <see cref="Forget"/>.</summary>
    internal void Bring(ReadOnlyMemory<byte> bytes)
    {
        Invariant.Check(_arrived.IsEmpty && !_isEnded, "what came before has been read");
        _arrived = bytes;
        CompleteRead();
    }

    /// <summary>Nothing more will come.</summary>
    internal void End()
    {
        _isEnded = true;
        CompleteRead();
    }

    /// <summary>What was brought is no longer valid.</summary>
    /// <returns>Whether all of it had been read.</returns>
    internal bool Forget()
    {
        bool isAll = _arrived.IsEmpty;
        _arrived = default;
        return isAll;
    }

    /// <summary>From now on records come from a stream and go to another. Called once, when everything that was brought has been read.</summary>
    internal async Task CarryAsync(Stream input, Stream output)
    {
        _input = input;
        _output = output;
        if (!_isAwaited)
        {
            return;
        }
        _isAwaited = false;
        try
        {
            _read.SetResult(await input.ReadAsync(_destination).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            _read.SetException(e); // to whoever reads
        }
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_input is not null)
        {
            return _input.ReadAsync(buffer, cancellationToken);
        }
        if (!_arrived.IsEmpty || _isEnded)
        {
            return new ValueTask<int>(Take(buffer));
        }
        Invariant.Check(!_isAwaited, "one read at a time");
        _isAwaited = true;
        _destination = buffer;
        _read.Reset();
        return new ValueTask<int>(this, _read.Version);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_output is not null)
        {
            return _output.WriteAsync(buffer, cancellationToken);
        }
        written.Write(buffer.Span);
        return default;
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_output is not null)
        {
            _output.Write(buffer);
        }
        else
        {
            written.Write(buffer);
        }
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _output?.FlushAsync(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush() => _output?.Flush();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    private void CompleteRead()
    {
        if (_isAwaited)
        {
            _isAwaited = false;
            _read.SetResult(Take(_destination));
        }
    }

    // A read into nothing only waits for bytes, and takes none.
    private int Take(Memory<byte> destination)
    {
        int count = Math.Min(_arrived.Length, destination.Length);
        _arrived[..count].CopyTo(destination);
        _arrived = _arrived[count..];
        return count;
    }
}
