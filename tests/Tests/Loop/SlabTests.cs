using Sluice.Loop;

namespace Sluice.Tests.Loop;

public sealed class SlabTests
{
    [Fact]
    public void A_handle_names_its_row_and_none_that_comes_after_it()
    {
        Slab<long> slab = new();
        Handle first = slab.Add();
        slab[first.Index] = 42;
        Assert.True(slab.Contains(first));
        slab.Remove(first.Index);
        Assert.False(slab.Contains(first));
        Handle second = slab.Add();
        Assert.Equal(first.Index, second.Index);
        Assert.NotEqual(first, second);
        Assert.False(slab.Contains(first));
        Assert.Equal(0, slab[second.Index]);
    }

    [Fact]
    public void The_default_handle_names_nothing()
    {
        Slab<long> slab = new();
        Assert.False(slab.Contains(default));
        slab.Add();
        Assert.False(slab.Contains(default));
    }

    [Fact]
    public void A_row_stays_where_it_is_while_others_come()
    {
        Slab<long> slab = new();
        ref long row = ref slab[slab.Add().Index];
        for (int i = 0; i < 10_000; i++)
        {
            slab.Add();
        }
        row = 7;
        Assert.Equal(7, slab[0]);
        Assert.Equal(10_001, slab.Count);
    }
}
