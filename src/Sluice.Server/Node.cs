using System.Diagnostics;
using Sluice.Channels;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Server;

/// <summary>The channels of this process: a hub on every loop over one broker.</summary>
internal sealed class Node
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <param name="loops">Each has a hub.</param>
    /// <param name="owners">Those of them that own the channels.</param>
    /// <param name="options">The hubs'.</param>
    /// <param name="deflate">How their messages are compressed; null: not at all.</param>
    /// <param name="path">Where they serve.</param>
    public Node(IReadOnlyList<EventLoop> loops, IReadOnlyList<EventLoop> owners, HubOptions options, DeflateOptions? deflate, string path)
    {
        Broker = new MemoryBroker(owners);
        Hubs = [.. loops.Select(loop => new Hub(loop, Broker.From(loop), options, path)
        {
            Subprotocols = ["centrifuge-json", "centrifuge-protobuf"],
            ShutdownCode = DisconnectCode.Shutdown.Code,
            SlowCode = DisconnectCode.Slow.Code,
            Deflate = deflate,
        })];
    }

    public string Id { get; } = Guid.NewGuid().ToString();

    public string Name { get; } = $"{Environment.MachineName}_{Environment.ProcessId}";

    public TimeSpan Uptime => Stopwatch.GetElapsedTime(_started);

    public MemoryBroker Broker { get; }

    public IReadOnlyList<Hub> Hubs { get; }

    /// <summary>Counts what the loops hold.</summary>
    /// <exception cref="TimeoutException">A loop did not answer in time.</exception>
    public Task<NodeSurvey> SurveyAsync(TimeSpan timeout)
    {
        TaskCompletionSource<NodeSurvey> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NodeSurvey.Start(Hubs, Broker, answered.SetResult);
        return answered.Task.WaitAsync(timeout);
    }
}
