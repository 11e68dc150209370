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
    [InlineData(30_000_000_000)]
    public void A_timer_fires_at_its_time_or_a_tick_later(long afterMs)
    {
        TimerWheel wheel = new(1_000);
        wheel.Set(7, 1_000 + afterMs);
        Assert.False(wheel.TryTake(1_000 + afterMs - 1, out _, out _));
        Assert.True(wheel.TryTake(1_000 + afterMs + 16, out int key, out _));
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
        Assert.False(wheel.TryTake(4_000, out _, out _));
        Assert.True(wheel.TryTake(5_016, out _, out _));
    }

    [Fact]
    public void Next_due_is_never_later_than_the_next_timer()
    {
        TimerWheel wheel = new(0);
        wheel.Set(0, 70_000);
        long now = 0;
        int steps = 0;
        while (!wheel.TryTake(now, out _, out _))
        {
            Assert.InRange(wheel.NextDueMs, now + 1, 70_016);
            now = wheel.NextDueMs;
            steps++;
        }
        Assert.InRange(now, 70_000, 70_016);
        Assert.InRange(steps, 1, 4); // a step a level: sleeping till then is cheap
    }

    [Fact]
    public void A_timer_further_ahead_than_a_year_fires_after_a_year()
    {
        TimerWheel wheel = new(0);
        wheel.Set(1, long.MaxValue);
        Assert.False(wheel.TryTake(TimerWheel.AheadMsMax - 1, out _, out _));
        Assert.True(wheel.TryTake(TimerWheel.AheadMsMax + 16, out _, out _));
    }

    [Fact]
    public void A_loop_that_runs_for_ten_years_keeps_its_timers()
    {
        const long MonthMs = 2_600_000_000;
        TimerWheel wheel = new(0);
        for (long now = 0; now < 120 * MonthMs; now += MonthMs)
        {
            wheel.Set(1, now + 1_000);
            wheel.Set(2, now + MonthMs);
            Assert.False(wheel.TryTake(now + 999, out _, out _));
            Assert.True(wheel.TryTake(now + 1_016, out int key, out _));
            Assert.Equal(1, key);
            Assert.False(wheel.TryTake(now + MonthMs - 1, out _, out _));
            Assert.True(wheel.TryTake(now + MonthMs + 16, out key, out _));
            Assert.Equal(2, key);
        }
    }

    [Fact]
    public void Setting_earlier_moves_a_timer_in_one_direction_only()
    {
        TimerWheel wheel = new(0);
        wheel.SetEarlier(1, 5_000);
        wheel.SetEarlier(1, 9_000);
        Assert.True(wheel.TryTake(5_016, out _, out long dueMs));
        Assert.InRange(dueMs, 5_000, 5_016);
        wheel.SetEarlier(1, 9_000);
        wheel.SetEarlier(1, 6_000);
        Assert.True(wheel.TryTake(6_016, out _, out _));
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void Of_many_timers_that_come_near_together_a_bounded_number_is_moved_in_one_go()
    {
        const int Timers = 20_000;
        TimerWheel wheel = new(0);
        for (int key = 0; key < Timers; key++)
        {
            wheel.Set(key, 100_000 + key);
        }
        int refusals = 0;
        HashSet<int> fired = [];
        while (fired.Count < Timers)
        {
            if (wheel.TryTake(200_000, out int key, out _))
            {
                Assert.True(fired.Add(key));
            }
            else
            {
                Assert.True(wheel.NextDueMs <= 200_000, "more is due, so nobody sleeps");
                wheel.Clear(0); // as good a moment as any
                fired.Add(0);
                refusals++;
            }
        }
        Assert.InRange(refusals, 4, 20);
        Assert.Equal(0, wheel.Count);
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
                while (wheel.TryTake(now, out int fired, out _))
                {
                    Assert.True(plain.Remove(fired, out long due) && due <= now, $"seed {seed}: {fired} was not due");
                }
                Assert.DoesNotContain(plain, timer => timer.Value <= now - 16);
                Assert.Equal(plain.Count, wheel.Count);
            }
        }
    }
}
