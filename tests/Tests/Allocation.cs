namespace Sluice.Tests;

internal static class Allocation
{
    /// <summary>Does something twice a number of times; the second time not a byte may be allocated by this thread.</summary>
    internal static void IsNone(int runs, Action act)
    {
        // The first runs jit, and fill the caches of the runtime.
        Repeat(runs, act);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(runs, act);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Repeat(int runs, Action act)
    {
        for (int i = 0; i < runs; i++)
        {
            act();
        }
    }
}
