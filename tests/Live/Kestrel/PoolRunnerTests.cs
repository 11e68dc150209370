using Sluice.AspNetCore;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>Turns on the thread pool.</summary>
public sealed class PoolRunnerTests
{
    private const int PatienceMs = 20_000;

    [Fact]
    public async Task NoDemandIsLostAndNoTwoTurnsAreAtOnce()
    {
        const int Threads = 8;
        const int DemandsPerThread = 20_000;
        int wanted = 0;
        int served = 0; // of the turns alone, so unguarded
        int inTurn = 0;
        using ManualResetEventSlim all = new();
        using PoolRunner runner = new(() =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inTurn));
            served += Interlocked.Exchange(ref wanted, 0);
            if (served == Threads * DemandsPerThread)
            {
                all.Set();
            }
            Interlocked.Decrement(ref inTurn);
            return long.MaxValue;
        });
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(number => Task.Run(() =>
        {
            for (int i = 0; i < DemandsPerThread; i++)
            {
                Interlocked.Increment(ref wanted);
                if ((i + number) % 2 == 0)
                {
                    runner.RunHere();
                }
                else
                {
                    runner.RunSoon();
                }
            }
        })));
        Assert.True(all.Wait(PatienceMs, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void ADemandHereIsServedHere()
    {
        int thread = 0;
        using PoolRunner runner = new(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            return long.MaxValue;
        });
        runner.RunHere();
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public void ADemandWithinATurnIsOneMoreTurn()
    {
        int turns = 0;
        PoolRunner? runner = null;
        using PoolRunner made = runner = new(() =>
        {
            if (++turns == 1)
            {
                runner!.RunHere();
                runner.RunSoon();
                Assert.Equal(1, turns);
            }
            return long.MaxValue;
        });
        runner.RunHere();
        Assert.Equal(2, turns);
    }

    [Fact]
    public void WhatIsDueAtOnceGoesOnAndOthersOfThePoolGetTheirTurn()
    {
        const int Turns = 1000;
        int turns = 0;
        using ManualResetEventSlim all = new();
        using PoolRunner runner = new(() =>
        {
            if (++turns < Turns)
            {
                return 0;
            }
            all.Set();
            return long.MaxValue;
        });
        runner.RunHere();
        Assert.True(all.Wait(PatienceMs, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void AfterItsEndItIsStillServedOnDemandAndWaitsForNothing()
    {
        int turns = 0;
        PoolRunner runner = new(() =>
        {
            turns++;
            return Environment.TickCount64 + 3_600_000;
        });
        runner.RunHere();
        runner.Dispose();
        runner.RunHere();
        Assert.Equal(2, turns);
    }

    [Fact]
    public void WhatIsDueLaterIsDoneLaterAndTheEarliestTimeCounts()
    {
        long due = long.MaxValue;
        int turns = 0;
        using ManualResetEventSlim done = new();
        using PoolRunner runner = new(() =>
        {
            switch (++turns)
            {
                case 1:
                    return Environment.TickCount64 + 3_600_000;
                case 2:
                    return due = Environment.TickCount64 + 30;
                case var _ when Environment.TickCount64 < due:
                    return due; // the clocks of timers are not exact
                default:
                    done.Set();
                    return long.MaxValue;
            }
        });
        runner.RunHere();
        runner.RunHere();
        Assert.True(done.Wait(PatienceMs, TestContext.Current.CancellationToken));
    }
}
