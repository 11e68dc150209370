using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>One connection that another server carries and a loop serves.</summary>
/// <remarks>
/// <para><b>Thread.</b> Its state is its loop's; other threads complete what it has started, and report.</para>
/// <para><b>Reading.</b> From the adoption to the end the carrier copies into <see cref="Incoming"/>. So an idle guest
/// holds no buffer, and one that is disarmed leaves everything in the carrier's pipe, whose bound its peer then feels.</para>
/// <para><b>Writing.</b> The carrier takes all bytes into its own pipe at once. While that is full its write pends, and
/// the loop has no more for it.</para>
/// </remarks>
#pragma warning disable CA1001 // Closing it disposes of what it owns, as soon as nothing is under way.
public sealed class Guest
#pragma warning restore CA1001
{
    /// <summary>How long a peer must be silent to count as gone, where the carrier cannot end the writing alone.</summary>
    internal const int QuietMs = 100;

    private readonly GuestSystem _system;
    private readonly GuestCarrier _carrier;
    private readonly Incoming _incoming;
    private readonly CancellationTokenSource _reading = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _token;
    private Phase _phase;
    private Task? _copy; // of all that comes
    private Task? _write; // under way, or over and not yet told
    private Task? _finish;
    private bool _isEndTold;

    internal Guest(GuestSystem system, int socket, in GuestCarrier carrier)
    {
        Socket = socket;
        _system = system;
        _carrier = carrier;
        _incoming = new Incoming(system, this);
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

    // Without a half-close, ending the writing is ending all, and what still comes would be answered by a reset that
    // destroys what the peer has not read yet. So it is read until the peer is silent, and silence is its end.
    private bool AwaitsSilence => _finish is not null && _carrier.CompleteWriting is null;

    internal void Adopt(ulong token)
    {
        Invariant.Check(_phase == Phase.Entered, "a guest is adopted once");
        _phase = Phase.Adopted;
        _token = token;
        IsArmed = true;
        _copy = CopyAsync();
        ReportWhenComplete(_copy);
    }

    /// <summary>What it has to say at its turn.</summary>
    /// <param name="buffer">Where received bytes go, behind the headroom.</param>
    /// <param name="completion">It.</param>
    internal bool TryTake(byte[] buffer, out Completion completion)
    {
        completion = default;
        return _phase == Phase.Adopted && (TryTakeWritten(ref completion) || TryTakeBytes(buffer, ref completion) || TryTakeEnd(ref completion));
    }

    internal SendOutcome Send(byte[] buffer, int offset, int count)
    {
        Invariant.Check(_write is null, "one send at a time");
        ValueTask write;
        try
        {
            write = _carrier.Stream.WriteAsync(buffer.AsMemory(offset, count), CancellationToken.None);
            if (write.IsCompleted)
            {
                write.GetAwaiter().GetResult();
                return new SendOutcome(SendStatus.Done, count);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException) // whatever else it was, the carrier is gone
        {
            _phase = Phase.Failed;
            return new SendOutcome(SendStatus.Failed, 0);
        }
        _write = write.AsTask();
        ReportWhenComplete(_write);
        return new SendOutcome(SendStatus.Full, count);
    }

    internal void ShutdownWrite()
    {
        Invariant.Check(_write is null && _finish is null, "writing ends once, after all sends");
        if (_carrier.CompleteWriting is null)
        {
            _finish = Task.CompletedTask;
            _reading.CancelAfter(QuietMs);
        }
        else
        {
            _finish = FinishAsync(_carrier.CompleteWriting);
        }
    }

    internal void Close()
    {
        _phase = Phase.Closed;
        if (_write is { IsCompleted: false } || _finish is { IsCompleted: false })
        {
            _carrier.Abort();
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
        completion = write.IsCompletedSuccessfully ? Completion.Of(CompletionKind.Sent, _token, Socket) : Fail(write);
        return true;
    }

    private bool TryTakeBytes(byte[] buffer, ref Completion completion)
    {
        if (!IsArmed || !_incoming.HasBytes)
        {
            return false;
        }
        if (AwaitsSilence)
        {
            _reading.CancelAfter(QuietMs);
        }
        int count = _incoming.Take(buffer.AsSpan(ISystem.HeadroomBytes));
        completion = new Completion(CompletionKind.Received, _token, Socket, buffer, ISystem.HeadroomBytes, count);
        return true;
    }

    // The copy ends after its last byte was taken.
    private bool TryTakeEnd(ref Completion completion)
    {
        Task copy = _copy!;
        bool isEnd = copy.IsCompletedSuccessfully || (copy.IsCanceled && AwaitsSilence);
        if (!copy.IsCompleted || _isEndTold || (isEnd && !IsArmed))
        {
            return false;
        }
        _isEndTold = true;
        completion = isEnd ? Completion.Of(CompletionKind.Ended, _token, Socket) : Fail(copy);
        return true;
    }

    private Completion Fail(Task broken)
    {
        _ = broken.Exception; // seen: whatever it was, the carrier is gone
        _phase = Phase.Failed;
        return Completion.Of(CompletionKind.Failed, _token, Socket);
    }

    private void ReportWhenComplete(Task task) =>
        task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => _system.Report(this));

    // What a carrier throws at the call becomes the task's failure too.
    private async Task CopyAsync() => await _carrier.Stream.CopyToAsync(_incoming, _reading.Token).ConfigureAwait(false);

    private static async Task FinishAsync(Func<Task> completeWriting) =>
        await completeWriting().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task EndAsync()
    {
        await _reading.CancelAsync().ConfigureAwait(false);
        _incoming.Drop();
        await (_copy ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_write ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_finish ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reading.Dispose();
        _closed.SetResult();
    }
}
