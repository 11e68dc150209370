using Sluice.Channels;
using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>A bug that a test switches on, put around the system under test and never into it: the checks have to find it.</summary>
internal class Canary
{
    /// <summary>No bug.</summary>
    public static Canary None { get; } = new();

    public virtual ISystem Around(ISystem system) => system;

    public virtual IBroker Around(IBroker broker) => broker;

    public virtual NativeClient MakeClient(World world, string name, Scenario scenario) =>
        new(world, name, Scenario.ChannelPath, scenario);
}
