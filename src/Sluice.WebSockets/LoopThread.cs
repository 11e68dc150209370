using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>Runs one loop on a thread of its own, until the loop has stopped.</summary>
/// <remarks>A loop does not know its thread; this is where the two meet. An exception on it is our mistake and ends the
/// process: a loop that has lost its place in the middle of an event must not go on.</remarks>
public sealed class LoopThread
{
    private readonly EventLoop _loop;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes a thread, not yet started.</summary>
    /// <param name="loop">Nobody else may call <see cref="EventLoop.Turn"/> from the start on.</param>
    /// <param name="name">Shown by debuggers and tools.</param>
    public LoopThread(EventLoop loop, string name)
    {
        _loop = loop;
        _thread = new Thread(Run) { Name = name };
    }

    /// <summary>Whether the caller is on this thread.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _thread.ManagedThreadId;

    /// <summary>Complete when the loop has stopped, that is when a shutdown that was asked of it is complete.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>Starts it.</summary>
    public void Start() => _thread.Start();

    /// <summary>Waits until the loop has stopped.</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        while (!_loop.Stopped)
        {
            _loop.Turn();
        }
        _stopped.SetResult();
    }
}
