namespace Sluice.WebSockets;

/// <summary>Counts the handlers of the await style that have not returned. Any thread.</summary>
internal sealed class RunningHandlers
{
    private readonly TaskCompletionSource _none = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count = 1; // the server's own, until it waits for the others

    internal void Begin() => Interlocked.Increment(ref _count);

    internal void End()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            _none.SetResult();
        }
    }

    /// <summary>Complete when all have returned. Once, and no other begins.</summary>
    internal Task NoneAsync()
    {
        End();
        return _none.Task;
    }
}
