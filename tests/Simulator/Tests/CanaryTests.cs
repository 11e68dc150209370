using Xunit;

namespace Sluice.Simulator;

public sealed class CanaryTests
{
    /// <summary>A canary that is not found within so many seeds means that the checks are blind to a whole kind of bug.</summary>
    private const ulong SeedsMax = 50;

    private static readonly Dictionary<string, Canary> _canaries = new Canary[]
    {
        new OverstatedSend(), new OverstatedCompletion(), new LostWake(), new LostByte(), new LeakedSocket(),
        new LostFeed(), new LostDetach(), new DoublePublish(), new SwappedPublish(), new LostLeave(),
        new LostPublication(), new DoublePublication(), new SwappedPublications(), new FalseRecovery(), new LateSubscribeReply(),
    }.ToDictionary(static canary => canary.GetType().Name);

    public static TheoryData<string> Names => [.. _canaries.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bug_around_the_system_is_found(string canary)
    {
        ulong seed = 1;
        while (seed <= SeedsMax && Run.Of(seed, _canaries[canary]).Failure is null)
        {
            seed++;
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{canary}: seed {seed}: {Run.Of(seed, _canaries[canary]).Failure}");
        Assert.InRange(seed, 1UL, SeedsMax);
    }
}
