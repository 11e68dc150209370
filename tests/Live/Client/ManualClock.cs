namespace Sluice.Live.Client;

/// <summary>Time that stands still until the test lets it pass.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];
    private TaskCompletionSource _set = new();
    private TimeSpan _now = TimeSpan.FromDays(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now.Ticks;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Alarm alarm = new(this, () => callback(state));
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Lets time pass; what becomes due rings, in order.</summary>
    internal void Advance(int ms)
    {
        TimeSpan end = _now + TimeSpan.FromMilliseconds(ms);
        while (true)
        {
            Alarm? next;
            lock (_gate)
            {
                next = _alarms.Where(alarm => alarm.Due <= end).MinBy(static alarm => alarm.Due);
                _now = next?.Due is not TimeSpan due ? end : due > _now ? due : _now;
                _ = next is not null && _alarms.Remove(next);
            }
            if (next is null)
            {
                break;
            }
            next.Ring();
        }
    }

    /// <summary>Waits until somebody has set an alarm that rings in this time.</summary>
    internal async Task ExpectAlarmAsync(int ms)
    {
        while (true)
        {
            Task change = _set.Task;
            if (IsSet(TimeSpan.FromMilliseconds(ms)))
            {
                return;
            }
            await change.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    private bool IsSet(TimeSpan wait)
    {
        lock (_gate)
        {
            return _alarms.Exists(alarm => alarm.Due == _now + wait);
        }
    }

    private sealed class Alarm(ManualClock clock, Action ring) : ITimer
    {
        internal TimeSpan? Due { get; private set; }

        internal void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._alarms.Remove(this);
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + dueTime;
                if (Due is not null)
                {
                    clock._alarms.Add(this);
                }
            }
            Interlocked.Exchange(ref clock._set, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
