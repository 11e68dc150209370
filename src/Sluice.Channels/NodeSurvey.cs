using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>Counts what the loops of a node hold, each on its own loop, and tells when all have answered.</summary>
public sealed class NodeSurvey
{
    private readonly Action<NodeSurvey> _done;
    private readonly HashSet<string> _users = new(StringComparer.Ordinal);
    private int _remaining;
    private int _clients;
    private int _subscriptions;
    private int _channels;

    private NodeSurvey(int loops, Action<NodeSurvey> done)
    {
        _remaining = loops;
        _done = done;
    }

    /// <summary>Connected sessions.</summary>
    public int ClientCount => _clients;

    /// <summary>Different users of them.</summary>
    public int UserCount => _users.Count;

    /// <summary>Subscriptions.</summary>
    public int SubscriptionCount => _subscriptions;

    /// <summary>Channels with a subscriber.</summary>
    public int ChannelCount => _channels;

    /// <summary>Asks every loop in turn.</summary>
    /// <param name="hubs">One of each loop.</param>
    /// <param name="broker">Its owners live on the same loops.</param>
    /// <param name="done">Called on the last loop: pass it on, do not work there.</param>
    public static void Start(IReadOnlyList<Hub> hubs, MemoryBroker broker, Action<NodeSurvey> done) =>
        new Step(new NodeSurvey(hubs.Count, done), hubs, broker).Next();

    private void Add(Hub hub, MemoryBroker broker)
    {
        _clients += hub.CountClients(_users);
        _subscriptions += hub.Resources.Subscriptions;
        _channels += broker.CountOccupied(hub.Loop);
        if (--_remaining == 0)
        {
            _done(this);
        }
    }

    // One message that goes from loop to loop, so that the counts need no guarding.
    private sealed class Step(NodeSurvey survey, IReadOnlyList<Hub> hubs, MemoryBroker broker) : LoopMessage
    {
        public void Next()
        {
            if (survey._remaining > 0)
            {
                hubs[survey._remaining - 1].Loop.Post(this);
            }
        }

        public override void Run()
        {
            survey.Add(hubs[survey._remaining - 1], broker);
            Next();
        }
    }
}
