using System.Buffers;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>One connection that another server carries and a loop serves.</summary>
/// <remarks>
/// <para><b>Thread.</b> Its state is its loop's; other threads complete what it has started, and report.</para>
/// <para><b>Reading.</b> One read at a time. A read of zero bytes waits, holding no buffer; only when there is something
/// is a buffer rented, and it goes back with the next completion. So an idle guest holds none, and one that is
/// disarmed leaves everything in the carrier's pipe, whose bound its peer then feels.</para>
/// <para><b>Writing.</b> One write at a time, from the sender's bytes. Most end at once, since the carrier takes them
/// into its own pipe; one that does not is pending, and its bytes are held by it.</para>
/// </remarks>
#pragma warning disable CA1001 // Closing it disposes of what it owns, as soon as nothing is under way.
public sealed class Guest
#pragma warning restore CA1001
{
    /// <summary>How long a peer must be silent to count as gone, where the carrier cannot end the writing alone.</summary>
    internal const int QuietMs = 100;

    private const int BufferBytes = 32 << 10;

    private readonly Stream _stream;
    private readonly Action _abort;
    private readonly Func<Task>? _completeWriting;
    private readonly Action _report;
    private readonly CancellationTokenSource _reading = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _token;
    private Phase _phase;
    private ValueTask<int> _read; // under way, or over and not yet told, when _isReading
    private byte[]? _buffer; // of that read; null while it only waits
    private Task? _write; // of _writeCount bytes, under way or not yet told
    private int _writeCount;
    private Task? _finish;
    private bool _isReading;
    private bool _isEndTold;

    internal Guest(GuestSystem system, int socket, Stream stream, Action abort, Func<Task>? completeWriting)
    {
        Socket = socket;
        _stream = stream;
        _abort = abort;
        _completeWriting = completeWriting;
        _report = () => system.Report(this);
    }

    private enum Phase : byte
    {
        Entered,
        Adopted,
        Failed,
        Closed,
    }

    /// <summary>Its number in its system.</summary>
    public int Socket { get; }

    /// <summary>Complete when the loop has closed it and nothing of it is under way: its carrier may go.</summary>
    public Task Closed => _closed.Task;

    internal bool IsArmed { get; set; }

    internal bool IsQueued { get; set; }

    internal void Adopt(ulong token)
    {
        Invariant.Check(_phase == Phase.Entered, "a guest is adopted once");
        _phase = Phase.Adopted;
        _token = token;
        IsArmed = true;
    }

    /// <summary>What it has to say at its turn; what it then still wants is started.</summary>
    internal bool TryTake(out Completion completion)
    {
        completion = default;
        return _phase == Phase.Adopted && (TryTakeWritten(ref completion) || TryTakeRead(ref completion));
    }

    internal SendOutcome Send(byte[] buffer, int offset, int count)
    {
        Invariant.Check(_write is null, "one send at a time");
        ValueTask write = WriteAsync(buffer.AsMemory(offset, count)).Preserve();
        if (write.IsCompletedSuccessfully)
        {
            return new SendOutcome(SendStatus.Done, count);
        }
        if (write.IsCompleted)
        {
            Fail(write.AsTask());
            return new SendOutcome(SendStatus.Failed, 0);
        }
        _write = write.AsTask();
        _writeCount = count;
        _write.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_report);
        return new SendOutcome(SendStatus.Pending, 0);
    }

    internal void ShutdownWrite()
    {
        Invariant.Check(_write is null && _finish is null, "writing ends once, after all sends");
        if (_completeWriting is null)
        {
            // Ending it is then ending all, and what still comes would be answered by a reset that destroys what the
            // peer has not read yet. So it is read until the peer is silent, and silence is its end.
            _finish = Task.CompletedTask;
            _reading.CancelAfter(QuietMs);
        }
        else
        {
            _finish = FinishAsync(_completeWriting);
        }
    }

    internal void Close()
    {
        _phase = Phase.Closed;
        if (_write is { IsCompleted: false } || _finish is { IsCompleted: false })
        {
            _abort();
        }
        _ = EndAsync();
    }

    private bool TryTakeWritten(ref Completion completion)
    {
        if (_write is not { IsCompleted: true } write)
        {
            return false;
        }
        _write = null;
        completion = write.IsCompletedSuccessfully ? Completion.Of(CompletionKind.Sent, _token, Socket, _writeCount) : Fail(write);
        return true;
    }

    private bool TryTakeRead(ref Completion completion)
    {
        if (IsArmed && !_isReading && !_isEndTold)
        {
            StartRead(default);
        }
        if (IsArmed && _isReading && _read.IsCompletedSuccessfully && _buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            StartRead(_buffer.AsMemory(ISystem.HeadroomBytes));
        }
        bool isNews = _isReading && _read.IsCompleted && (IsArmed || !_read.IsCompletedSuccessfully);
        if (isNews)
        {
            completion = TakeRead();
        }
        return isNews;
    }

    private Completion TakeRead()
    {
        _isReading = false;
        byte[]? buffer = _buffer;
        _buffer = null;
        int count = _read.IsCompletedSuccessfully ? _read.Result : 0;
        if (count > 0)
        {
            if (_finish is not null && _completeWriting is null)
            {
                _reading.CancelAfter(QuietMs);
            }
            return new Completion(CompletionKind.Received, _token, Socket, buffer!, ISystem.HeadroomBytes, count);
        }
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (!_read.IsCompletedSuccessfully && !(_read.IsCanceled && _finish is not null))
        {
            return Fail(_read.AsTask());
        }
        _isEndTold = true;
        return Completion.Of(CompletionKind.Ended, _token, Socket);
    }

    private void StartRead(Memory<byte> destination)
    {
        _isReading = true;
        _read = ReadAsync(destination).Preserve();
        if (!_read.IsCompleted)
        {
            _read.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_report);
        }
    }

    private Completion Fail(Task broken)
    {
        _ = broken.Exception; // seen: whatever it was, the carrier is gone
        _phase = Phase.Failed;
        return Completion.Of(CompletionKind.Failed, _token, Socket);
    }

    // What a carrier throws at the call becomes a task's failure too.
    private async ValueTask<int> ReadAsync(Memory<byte> destination) =>
        await _stream.ReadAsync(destination, _reading.Token).ConfigureAwait(false);

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) =>
        await _stream.WriteAsync(bytes, CancellationToken.None).ConfigureAwait(false);

    private static async Task FinishAsync(Func<Task> completeWriting) =>
        await completeWriting().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task EndAsync()
    {
        await _reading.CancelAsync().ConfigureAwait(false);
        Task read = _isReading ? _read.AsTask() : Task.CompletedTask;
        await read.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_write ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_finish ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _reading.Dispose();
        _closed.SetResult();
    }
}
