using Xunit;

namespace Sluice.Simulator;

public sealed class CanaryTests
{
    private static readonly Dictionary<string, Canary> s_canaries = new Canary[]
    {
        new OverstatedSend(), new OverstatedCompletion(), new OverstatedRoom(), new LostWake(), new LostByte(), new LeakedSocket(), new IgnoredHold(),
        new LostFeed(), new LostDetach(), new DoublePublish(), new SwappedPublish(), new LostLeave(),
        new LostPublication(), new DoublePublication(), new SwappedPublications(), new FalseRecovery(), new LateSubscribeReply(),
        new FreeControlFrames(), new EndlessMessages(), new NoPings(), new EveryByteIsProgress(), new EndlessOutboxes(), new StrangeAddresses(),
    }.ToDictionary(static canary => canary.GetType().Name);

    public static TheoryData<string> Names => [.. s_canaries.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bug_around_the_system_is_found(string canary)
    {
        Run? found = null;
        for (ulong seed = 1; seed <= s_canaries[canary].SeedsMax && found is null; seed++)
        {
            Run run = Run.Of(seed, s_canaries[canary]);
            found = run.Finding is null ? null : run;
        }
        Assert.NotNull(found);
        TestContext.Current.TestOutputHelper?.WriteLine($"{canary}: found by seed {found.Seed}: {found.Finding}");
    }
}
