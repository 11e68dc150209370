using Sluice.Protocol;

namespace Sluice.Loop;

// What a peer has to do until when. A connection has one timer for all of it, and one review that decides by its state what is due.
// The timer is never later than the first deadline and may be earlier: what postpones one (a byte that arrives, a send that is taken)
// only leaves a note, and the review sets the timer again.
public sealed partial class EventLoop
{
    // A deadline that is missed by more was missed by this loop: what the peer did meanwhile has not been looked at yet.
    private const int LateMsMax = 1_000;

    // The idle time is counted in 64 units, since a row has one byte for it.
    private const int IdleUnits = 64;

    private int IdleUnitMs => Math.Max(1, _options.IdleTimeoutMs / IdleUnits);

    private void Review(Handle connection, long lateMs)
    {
        ref Connection row = ref _connections[connection.Index];
        switch (row.State)
        {
            case ConnectionState.Peeking or ConnectionState.Head:
                EndHandshake(connection, row);
                break;
            case ConnectionState.Open:
                ReviewOpen(connection, ref row, isLate: lateMs > LateMsMax);
                break;
            case ConnectionState.Closing or ConnectionState.Draining:
                ReviewClosing(connection, row);
                break;
        }
    }

    private void ReviewOpen(Handle connection, ref Connection row, bool isLate)
    {
        if (isLate)
        {
            RestartWatch(ref row);
        }
        if (isLate || (row.Flags & StopsReading) != 0) // who is not read cannot show that he is not idle
        {
            NoteData(ref row);
        }
        long now = _system.Now;
        if (StallDueMs(row) <= now)
        {
            Close(connection, _endpoints[row.Endpoint].SlowCode, "slow"u8);
        }
        else if (ProgressDueMs(row) <= now)
        {
            Dismiss(connection, CloseCodes.PolicyViolation, "slow"u8);
        }
        else if (IdleDueMs(row) <= now)
        {
            Close(connection, CloseCodes.GoingAway, "idle"u8);
        }
        else if (PingDueMs(row) <= now)
        {
            AskForLife(connection, ref row, isLate);
        }
        if (row.State == ConnectionState.Open)
        {
            ForgetIfQuiet(ref row);
            SetTimerOfOpen(connection, row);
        }
    }

    private void SetTimerOfOpen(Handle connection, in Connection row)
    {
        long watchDue = Math.Min(StallDueMs(row), ProgressDueMs(row));
        if (row.Watch != 0 && watchDue == long.MaxValue)
        {
            watchDue = _system.Now + QuietMs; // until there is nothing to watch
        }
        long due = Math.Min(watchDue, Math.Min(IdleDueMs(row), PingDueMs(row)));
        if (due == long.MaxValue)
        {
            _timers.Clear(connection.Index << 1);
        }
        else
        {
            _timers.Set(connection.Index << 1, due);
        }
    }

    private long StallDueMs(in Connection row) =>
        row.Watch != 0 && _watches[row.Watch - 1].IsBehind && (row.Flags & ConnectionFlags.Blocked) != 0
            ? _watches[row.Watch - 1].TakenAtMs + _options.StallTimeoutMs
            : long.MaxValue;

    // While nothing is read of a peer it cannot get on.
    private long ProgressDueMs(in Connection row)
    {
        if (row.Watch == 0 || !_watches[row.Watch - 1].IsUnfinished || (row.Flags & (ConnectionFlags.Held | ConnectionFlags.Choked)) != 0)
        {
            return long.MaxValue;
        }
        ref Watch watch = ref _watches[row.Watch - 1];
        if (row.Protocol.MessageBytesReceived - watch.ReceivedBefore >= _options.ProgressBytesMin)
        {
            watch.BeginWindow(_system.Now, row.Protocol.MessageBytesReceived);
        }
        return watch.GainedAtMs + _options.ProgressTimeoutMs;
    }

    private long IdleDueMs(in Connection row)
    {
        if (_options.IdleTimeoutMs == 0)
        {
            return long.MaxValue;
        }
        long unit = _system.Now / IdleUnitMs;
        return (unit - (byte)((byte)unit - row.DataAt) + IdleUnits + 1) * IdleUnitMs;
    }

    private long PingDueMs(in Connection row)
    {
        int afterMs = _endpoints[row.Endpoint].PingAfterMs ?? _options.PingAfterMs;
        if (afterMs == 0)
        {
            return long.MaxValue;
        }
        long heardAt = _system.Now - (uint)((uint)_system.Now - row.HeardMs);
        return heardAt + ((row.Flags & ConnectionFlags.AwaitsPong) != 0 ? _options.PongTimeoutMs : afterMs);
    }

    // While output waits, or nothing is read of it, a peer owes no pong: the other deadlines bound it then. And for one
    // time-out after that: its pong may be on its way.
    private void AskForLife(Handle connection, ref Connection row, bool isLate)
    {
        bool owes = row.Outbox == 0 && (row.Flags & (ConnectionFlags.Blocked | ConnectionFlags.Held | ConnectionFlags.Choked)) == 0;
        if ((row.Flags & ConnectionFlags.AwaitsPong) == 0)
        {
            row.HeardMs = (uint)_system.Now;
            if (owes)
            {
                Ping(connection, ref row);
            }
            return;
        }
        bool wasExcused = (row.Flags & ConnectionFlags.Excused) != 0;
        row.Flags = owes ? row.Flags & ~ConnectionFlags.Excused : row.Flags | ConnectionFlags.Excused;
        if (isLate || wasExcused || !owes)
        {
            row.HeardMs = (uint)_system.Now;
            return;
        }
        // To the endpoint it is gone; the close frame is for one that hears and does not speak.
        Dismiss(connection, CloseCodes.GoingAway, "no pong"u8, toEndpoint: CloseCodes.Abnormal);
    }

    private void Ping(Handle connection, ref Connection row)
    {
        row.Flags |= ConnectionFlags.AwaitsPong;
        Begin(connection);
        WebSocketConnection<ServerRole>.WriteFrame(_outgoing, Opcode.Ping, default);
        End(connection);
    }

    // Who has sent a part of a request gets an answer.
    private void EndHandshake(Handle connection, in Connection row)
    {
        if (row.Inbox != 0 || (row.Flags & ConnectionFlags.Peeked) != 0)
        {
            RefuseAtOnce(connection, 408, "The request took too long.");
        }
        else
        {
            Break(connection, CloseCodes.Abnormal);
        }
    }

    // While bytes of ours are being taken, a close goes on.
    private void ReviewClosing(Handle connection, in Connection row)
    {
        if (row.Watch != 0 && _watches[row.Watch - 1].IsBehind)
        {
            ref Watch watch = ref _watches[row.Watch - 1];
            long due = Math.Min(watch.TakenAtMs + _options.CloseTimeoutMs, watch.CloseByMs);
            if (due > _system.Now)
            {
                _timers.Set(connection.Index << 1, due);
                return;
            }
        }
        Break(connection, CloseCodes.Abnormal);
    }

    private void SetDeadline(Handle connection, int fromNowMs) => _timers.Set(connection.Index << 1, _system.Now + fromNowMs);
}
