namespace Sluice.Tests;

internal static class Allocation
{
    /// <summary>For classes that count: they run alone, since a collection that another thread causes shows up in this one's count.</summary>
    internal const string Collection = "allocations are counted";

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

[CollectionDefinition(Allocation.Collection, DisableParallelization = true)]
#pragma warning disable CA1711 // xunit's word for it.
public sealed class AllocationCollection;
#pragma warning restore CA1711
