using Sluice.Channels;
using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>A bug that a test switches on. It is put around the system under test, never into it, and the checks have to
/// find it: what they find of themselves is worth what they find of these.</summary>
internal class Canary
{
    /// <summary>No bug.</summary>
    public static Canary None { get; } = new();

    /// <summary>One that is not found within so many seeds means that the checks are blind to a whole kind of bug.</summary>
    public virtual ulong SeedsMax => 20;

    /// <summary>The kernel as a loop gets to see it.</summary>
    public virtual ISystem Around(ISystem system) => system;

    /// <summary>The limits by which the loops go, while everybody is told of those that are given.</summary>
    public virtual EventLoopOptions Instead(EventLoopOptions options) => options;

    /// <summary>The broker as a hub, or the API, gets to see it.</summary>
    public virtual IBroker Around(IBroker broker) => broker;

    /// <summary>A client, with whatever happens to what it is sent.</summary>
    public virtual NativeClient MakeClient(World world, string name, Scenario scenario) => new(world, name, Scenario.ChannelPath, scenario);
}

/// <summary>Says "now" once in a while.</summary>
internal struct Countdown(int every)
{
    private int _passed;

    public bool IsUp() => ++_passed % every == 0;
}
