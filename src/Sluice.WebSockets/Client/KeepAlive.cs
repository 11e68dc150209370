namespace Sluice.WebSockets;

/// <summary>Asks a silent server for a sign of life, and gives it up if none comes.</summary>
/// <remarks>Only a server that is listened to can be found silent: while no read is waiting, what it sent may lie in the system.</remarks>
internal sealed class KeepAlive : IDisposable
{
    private readonly FrameReader _reader;
    private readonly FrameSender _sender;
    private readonly Action _giveUp;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _interval;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;
    private long _askedAt;

    internal KeepAlive(FrameReader reader, FrameSender sender, WebSocketClientOptions options, Action giveUp)
    {
        _reader = reader;
        _sender = sender;
        _giveUp = giveUp;
        _clock = options.TimeProvider;
        _interval = TimeSpan.FromMilliseconds(options.PingIntervalMs);
        _timeout = TimeSpan.FromMilliseconds(options.PongTimeoutMs);
        _askedAt = reader.HeardAt;
        _timer = _clock.CreateTimer(static keepAlive => ((KeepAlive)keepAlive!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Sleep(_interval);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        long now = _clock.GetTimestamp();
        long heardAt = _reader.HeardAt;
        bool isAsked = _askedAt > heardAt && _reader.IsWaiting;
        TimeSpan left = isAsked ? _timeout - _clock.GetElapsedTime(_askedAt, now) : _interval - _clock.GetElapsedTime(heardAt, now);
        if (left > TimeSpan.Zero)
        {
            Sleep(left);
        }
        else if (isAsked)
        {
            _giveUp();
        }
        else
        {
            _askedAt = Math.Max(now, heardAt + 1); // later, however coarse the clock
            _ = _sender.PingAsync();
            Sleep(_reader.IsWaiting ? _timeout : _interval);
        }
    }

    private void Sleep(TimeSpan time) => _timer.Change(time, Timeout.InfiniteTimeSpan);
}
