using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(4, 800)]
    [InlineData(5, 1000)]
    [InlineData(1_000_000, 1000)]
    public void A_delay_is_anywhere_below_a_bound_that_doubles(int failures, int boundMs)
    {
        Backoff backoff = new(MinMs: 100, MaxMs: 1000);
        Random random = new(1);
        int[] delays = [.. Enumerable.Range(0, 1000).Select(_ => backoff.DelayMs(failures, random))];
        Assert.All(delays, delay => Assert.InRange(delay, 0, boundMs - 1));
        Assert.True(delays.Min() < boundMs / 20 && delays.Max() > boundMs * 19 / 20);
    }
}
