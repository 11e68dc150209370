using Sluice.Loop;

namespace Sluice.Tests.Loop;

public sealed class TimerWheelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(1_024)]
    [InlineData(65_536)]
    [InlineData(4_194_304)]
    [InlineData(400_000_000)]
    public void A_timer_fires_at_its_time_or_a_tick_later(long afterMs)
    {
        TimerWheel wheel = new(1_000);
        wheel.Set(7, 1_000 + afterMs);
        Assert.False(wheel.TryTake(1_000 + afterMs - 1, out _));
        Assert.True(wheel.TryTake(1_000 + afterMs + 16, out int key));
        Assert.Equal(7, key);
        Assert.Equal(0, wheel.Count);
        Assert.Equal(long.MaxValue, wheel.NextDueMs);
    }

    [Fact]
    public void Setting_a_timer_again_moves_it()
    {
        TimerWheel wheel = new(0);
        wheel.Set(0, 100);
        wheel.Set(0, 5_000);
        Assert.False(wheel.TryTake(4_000, out _));
        Assert.True(wheel.TryTake(5_016, out _));
    }

    [Fact]
    public void Next_due_is_never_later_than_the_next_timer()
    {
        TimerWheel wheel = new(0);
        wheel.Set(0, 70_000);
        long now = 0;
        int steps = 0;
        while (!wheel.TryTake(now, out _))
        {
            Assert.InRange(wheel.NextDueMs, now + 1, 70_016);
            now = wheel.NextDueMs;
            steps++;
        }
        Assert.InRange(now, 70_000, 70_016);
        Assert.InRange(steps, 1, 4); // a step a level: sleeping till then is cheap
    }

    [Fact]
    public void Against_a_plain_list_of_timers_the_same_ones_are_due_at_any_time()
    {
        for (uint seed = 1; seed <= 50; seed++)
        {
            uint random = seed;
            uint Next(uint below)
            {
                random = (random * 1_664_525) + 1_013_904_223;
                return (random >> 8) % below;
            }
            long now = Next(100_000);
            TimerWheel wheel = new(now);
            SortedDictionary<int, long> plain = [];
            for (int step = 0; step < 2_000; step++)
            {
                int key = (int)Next(200);
                switch (Next(4))
                {
                    case 0:
                        wheel.Clear(key);
                        plain.Remove(key);
                        break;
                    case 1:
                        now += Next(Next(10) == 0 ? 3_000_000u : 300u);
                        break;
                    default:
                        long due = now + Next(Next(5) == 0 ? 10_000_000u : 2_000u);
                        wheel.Set(key, due);
                        plain[key] = due;
                        break;
                }
                while (wheel.TryTake(now, out int fired))
                {
                    Assert.True(plain.Remove(fired, out long due) && due <= now, $"seed {seed}: {fired} was not due");
                }
                Assert.DoesNotContain(plain, timer => timer.Value <= now - 16);
                Assert.Equal(plain.Count, wheel.Count);
            }
        }
    }
}
