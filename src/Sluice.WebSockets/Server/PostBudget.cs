namespace Sluice.WebSockets;

/// <summary>Bounds what all threads together have posted to a server's loops. Any thread.</summary>
internal sealed class PostBudget(long bytesMax)
{
    /// <summary>What a posted thing counts beside its bytes.</summary>
    internal const int OverheadBytes = 128;

    private long _bytes;

    internal bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= bytesMax)
        {
            return true;
        }
        Return(bytes);
        return false;
    }

    internal void Return(long bytes) => Interlocked.Add(ref _bytes, -bytes);
}
