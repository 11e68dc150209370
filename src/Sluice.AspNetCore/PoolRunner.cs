using System.Runtime.ExceptionServices;

namespace Sluice.AspNetCore;

/// <summary>Runs something in turns on the thread pool: one turn at a time, and no thread while nothing is due.</summary>
/// <remarks>
/// <para>Beside a thread of its own this is the other way to run a loop: whoever brings news runs the loop on the thread
/// that he is on, which costs no switch of threads and no system call. If it runs already, it takes one more turn.</para>
/// <para>An exception in a turn is our mistake and ends the process: what has lost its place must not go on.</para>
/// </remarks>
public sealed class PoolRunner : IThreadPoolWorkItem, IDisposable
{
    private const int Idle = 0;
    private const int Running = 1;
    private const int Demanded = 2; // while running: one more turn
    private const int TurnsMax = 16; // on one thread, before the pool's other work has its turn

    private readonly Func<long> _turn;
    private readonly Timer _timer;
    private long _timerDueMs = long.MaxValue;
    private int _state;
    private volatile bool _isDisposed;

    /// <summary>Makes a runner that waits for its first demand.</summary>
    /// <param name="turn">Takes a turn and returns when the next is due, on <see cref="Environment.TickCount64"/>'s clock: a
    /// time that has passed for at once, <see cref="long.MaxValue"/> for not before it is demanded.</param>
    public PoolRunner(Func<long> turn)
    {
        _turn = turn;
        _timer = new Timer(static runner => ((PoolRunner)runner!).OnTimer(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Demands a turn, taken on this thread if none is under way. Any thread that holds no lock.</summary>
    public void RunHere()
    {
        if (Demand())
        {
            Run();
        }
    }

    /// <summary>Demands a turn, taken on a thread of the pool. Any thread.</summary>
    public void RunSoon()
    {
        if (Demand())
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Waits for nothing any more; a turn that is demanded is still taken.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
    }

    void IThreadPoolWorkItem.Execute() => Run();

    private bool Demand() => Interlocked.Exchange(ref _state, Demanded) == Idle;

    private void Run()
    {
        try
        {
            for (int turns = 0; turns < TurnsMax; turns++)
            {
                // First this, then the turn: a demand that comes in between is one turn too many, and is not lost.
                Interlocked.Exchange(ref _state, Running);
                long dueMs = _turn();
                long now = Environment.TickCount64;
                if (dueMs <= now)
                {
                    continue;
                }
                SetTimer(dueMs, now);
                if (Interlocked.CompareExchange(ref _state, Idle, Running) == Running)
                {
                    return;
                }
            }
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
        catch (Exception e)
        {
            // Not to whoever brought the news: he would take it for his own failure.
            ThreadPool.UnsafeQueueUserWorkItem(static mistake => mistake.Throw(), ExceptionDispatchInfo.Capture(e), preferLocal: false);
        }
    }

    // A timer that is early finds nothing due and is set again, so most turns leave it as it is.
    private void SetTimer(long dueMs, long now)
    {
        if (dueMs >= Interlocked.Read(ref _timerDueMs) || _isDisposed)
        {
            return;
        }
        Interlocked.Exchange(ref _timerDueMs, dueMs);
        try
        {
            _timer.Change(Math.Min(dueMs - now, int.MaxValue), Timeout.Infinite);
        }
        catch (ObjectDisposedException)
        {
            // In this moment.
        }
    }

    private void OnTimer()
    {
        Interlocked.Exchange(ref _timerDueMs, long.MaxValue);
        RunHere();
    }
}
