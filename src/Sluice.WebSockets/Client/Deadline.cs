namespace Sluice.WebSockets;

/// <summary>A time by which something must be done, beside the caller's own wish to stop.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _either;

    internal Deadline(int timeoutMs, TimeProvider clock, CancellationToken caller)
    {
        _time = new CancellationTokenSource(TimeSpan.FromMilliseconds(timeoutMs), clock);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_time.Token, caller);
    }

    /// <summary>Cancelled by whichever comes first.</summary>
    internal CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _time.Dispose();
    }
}
