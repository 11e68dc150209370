using Sluice.Protocol;

namespace Sluice.Loop;

// Notes on what peers do, as they do it: the reviews (Deadlines) and the shedding look at them. Of bytes that arrive the row has a
// note; anything else costs a watch, for as long as something is unfinished.
public sealed partial class EventLoop
{
    private const int QuietMs = 1_000; // after which a watch with nothing to watch is dropped

    private readonly Slab<Watch> _watches = new();

    // Something arrived. True if a pong was awaited, whose frame is then free.
    private bool NoteHeard(Handle connection, ref Connection row)
    {
        bool awaited = (row.Flags & ConnectionFlags.AwaitsPong) != 0;
        row.Flags &= ~(ConnectionFlags.AwaitsPong | ConnectionFlags.Excused);
        row.HeardMs = (uint)_system.Now;
        if (awaited && row.State == ConnectionState.Open)
        {
            SetTimerOfOpen(connection, row); // the next ping may be due before that pong was
        }
        return awaited;
    }

    private void NoteData(ref Connection row)
    {
        if (_options.IdleTimeoutMs > 0)
        {
            row.DataAt = (byte)(_system.Now / IdleUnitMs);
        }
    }

    // A piece of input was read: perhaps something is unfinished now, and what was may have ended in it.
    private void NoteProgress(Handle connection, ref Connection row, bool hasEnded)
    {
        bool isUnfinished = row.State == ConnectionState.Open && (row.Protocol.Unread > 0 || row.Protocol.InMessage);
        if (!isUnfinished && row.Watch == 0)
        {
            return;
        }
        ref Watch watch = ref WatchOf(connection, ref row);
        if (!isUnfinished)
        {
            watch.IsUnfinished = false;
        }
        else if (hasEnded || !watch.IsUnfinished)
        {
            BeginProgress(connection, row, ref watch);
        }
    }

    private void BeginProgress(Handle connection, in Connection row, ref Watch watch)
    {
        watch.BeginWindow(_system.Now, row.Protocol.MessageBytesReceived);
        if (_options.ProgressTimeoutMs > 0)
        {
            _timers.SetEarlier(connection.Index << 1, _system.Now + _options.ProgressTimeoutMs);
        }
    }

    // A ping, or a pong that nobody asked for. False when it is one too many.
    private bool NoteControl(Handle connection, ref Connection row) =>
        !_options.ControlFrames.IsLimited || WatchOf(connection, ref row).Control.TryTake(_system.Now, _options.ControlFrames);

    // A send was not taken whole.
    private void NoteBlocked(Handle connection, ref Connection row)
    {
        ref Watch watch = ref WatchOf(connection, ref row);
        if (!watch.IsBehind)
        {
            watch.IsBehind = true;
            watch.Taken = 0;
            watch.TakenAtMs = _system.Now;
            watch.CloseByMs = _system.Now + _options.CloseDurationMsMax;
            if (row.State == ConnectionState.Open)
            {
                _timers.SetEarlier(connection.Index << 1, _system.Now + _options.StallTimeoutMs);
            }
        }
    }

    // So many bytes were taken. Of a closing peer every byte counts, since the whole is bounded.
    private void NoteTaken(in Connection row, int count)
    {
        if (row.Watch == 0 || count == 0)
        {
            return;
        }
        ref Watch watch = ref _watches[row.Watch - 1];
        watch.Taken += count;
        if (watch.Taken >= _options.ProgressBytesMin || row.State > ConnectionState.Open)
        {
            watch.Taken = 0;
            watch.TakenAtMs = _system.Now;
        }
    }

    // Nothing waits for the peer. From here on a closing one has its time to answer.
    private void NoteCaughtUp(Handle connection, in Connection row)
    {
        if (row.Watch == 0 || !_watches[row.Watch - 1].IsBehind || row.Outbox != 0)
        {
            return;
        }
        _watches[row.Watch - 1].IsBehind = false;
        if (row.State is ConnectionState.Closing or ConnectionState.Draining)
        {
            SetDeadline(connection, _options.CloseTimeoutMs);
        }
    }

    // A closing begins: its own times apply to what waits, and what is unfinished will not be missed.
    private void NoteClosing(in Connection row)
    {
        if (row.Watch != 0)
        {
            ref Watch watch = ref _watches[row.Watch - 1];
            watch.IsUnfinished = false;
            watch.TakenAtMs = _system.Now;
            watch.CloseByMs = _system.Now + _options.CloseDurationMsMax;
        }
    }

    // What was not the peer's fault does not count: the times of what it is in the middle of begin again.
    private void RestartWatch(ref Connection row)
    {
        if (row.Watch != 0)
        {
            ref Watch watch = ref _watches[row.Watch - 1];
            watch.GainedAtMs = watch.TakenAtMs = _system.Now;
        }
    }

    // Nothing was read for a while, on our own account.
    private void RestartProgress(Handle connection, in Connection row)
    {
        if (row.Watch != 0 && _watches[row.Watch - 1].IsUnfinished)
        {
            BeginProgress(connection, row, ref _watches[row.Watch - 1]);
        }
    }

    private ref Watch WatchOf(Handle connection, ref Connection row)
    {
        if (row.Watch == 0)
        {
            int index = _watches.Add().Index;
            _watches[index].Connection = connection;
            row.Watch = index + 1;
            if (row.State == ConnectionState.Open)
            {
                _timers.SetEarlier(connection.Index << 1, _system.Now + QuietMs);
            }
        }
        return ref _watches[row.Watch - 1];
    }

    private void ForgetIfQuiet(ref Connection row)
    {
        if (row.Watch != 0 && _watches[row.Watch - 1] is { IsBehind: false, IsUnfinished: false } watch && watch.Control.FullAtMs <= _system.Now)
        {
            DropWatch(ref row);
        }
    }

    private void DropWatch(ref Connection row)
    {
        if (row.Watch != 0)
        {
            _watches.Remove(row.Watch - 1);
            row.Watch = 0;
        }
    }
}
