using Xunit;

namespace Sluice.Simulator;

public sealed class SeedTests
{
    private const ulong Seeds = 700;

    [Fact]
    public void The_same_seed_is_the_same_run_bit_for_bit()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            Run first = Run.Of(seed);
            Run second = Run.Of(seed);
            Assert.True(first.Events > 0);
            Assert.Equal((first.Digest, first.Events), (second.Digest, second.Events));
        }
    }

    [Fact]
    public void Different_seeds_are_different_runs()
    {
        HashSet<ulong> digests = [];
        for (ulong seed = 1; seed <= 50; seed++)
        {
            Assert.True(digests.Add(Run.Of(seed).Digest));
        }
    }

    [Fact]
    public void No_seed_fails_and_every_fault_and_milestone_comes_about()
    {
        Tally tally = new();
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            Run run = Run.Of(seed);
            Assert.True(run.Finding is null, run.Report);
            tally.Add(run);
        }
        Assert.All(Enum.GetValues<Fault>(), fault => Assert.True(tally[fault] > 0, $"{fault} was never injected"));
        Assert.All(Enum.GetValues<Milestone>(), milestone => Assert.True(tally[milestone] > 0, $"{milestone} never came about"));
        TestContext.Current.TestOutputHelper?.WriteLine(tally.ToString());
    }

    [Fact]
    public void Where_nothing_fails_nobody_is_cut_off()
    {
        for (ulong seed = 1; seed <= 100; seed++)
        {
            Run run = Run.Of(seed, plan: FaultPlan.None);
            Assert.True(run.Finding is null, run.Report);
            Assert.Equal(0, run.Fired.Sum());
        }
    }
}
