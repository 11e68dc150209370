using System.Buffers;
using System.Globalization;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A client of the native wire that behaves as the official SDKs do, with a restless user.</summary>
/// <remarks>It connects and subscribes in one frame, keeps its position in each channel, and comes back with it after
/// every break. This part is what its user does; the others are what it says and what it is told.</remarks>
internal partial class NativeClient : WebSocketPeer
{
    private const int Goes = OwnActs;

    private readonly Oracle _oracle;
    private readonly NativeWire _wire;
    private readonly ArrayBufferWriter<byte> _frame = new();
    private readonly Dictionary<string, Subscription> _subscriptions = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, Command> _pending = [];
    private uint _lastId;
    private int _publisher;
    private string? _clientId;
    private bool _owesPong;
    private bool _ticking;

    public NativeClient(World world, string name, string path, Scenario scenario)
        : this(world, name, path, scenario, world.Prng.Chance(600) ? NativeWire.Protobuf : NativeWire.Json)
    {
    }

    private NativeClient(World world, string name, string path, Scenario scenario, NativeWire wire)
        : base(world, name, path + wire.Query, scenario)
    {
        _oracle = scenario.Oracle;
        _wire = wire;
    }

    public bool IsGone => !HasConnection;

    /// <summary>Whether it has what it wants: to be gone, or to be connected, all its subscriptions live, no question open.</summary>
    public bool IsSettled => Mood == Mood.Leaving
        ? IsGone
        : IsOpen && _clientId is not null && _pending.Count == 0
            && _subscriptions.Values.All(static subscription => subscription.IsLive == subscription.Wanted);

    public IReadOnlyCollection<Subscription> Subscriptions => _subscriptions.Values;

    /// <summary>What the user does.</summary>
    public Mood Mood { get; private set; }

    /// <summary>Makes it want a channel for good.</summary>
    public void Want(string channel) => SubscriptionOf(channel).Wanted = true;

    public override string ToString() =>
        $"{Name}: {(_clientId is null ? "not connected" : "connected")}, {_pending.Count} commands open, "
        + string.Join(", ", _subscriptions.Values.Where(static subscription => subscription.Wanted || subscription.IsLive));

    public void Start(int inMs) => Tick(inMs);

    /// <summary>From now on it only keeps what it has, or leaves.</summary>
    public void Become(Mood mood)
    {
        Mood = mood;
        Resume();
        if (_owesPong && IsOpen)
        {
            _owesPong = false;
            Send(_wire.Opcode, _wire.Pong);
        }
        Tick(World.Prng.Between(0, 50));
    }

    protected override void Act(int what, long argument)
    {
        _ticking = false;
        if (!HasConnection)
        {
            if (Mood == Mood.Leaving)
            {
                return;
            }
            Open();
        }
        else if (!Breaks() && IsOpen)
        {
            Do();
        }
        Tick(World.Prng.Between(1, Mood == Mood.Restless ? Scenario.Settings.PauseMsMax : 1_000));
    }

    protected override void Greet()
    {
        _clientId = null;
        _owesPong = false;
        _publisher = _oracle.NewPublisher();
        Ask(new Command("connect"), "");
        if (World.Prng.Chance(700))
        {
            SubscribeWanted();
        }
        SendFrame();
    }

    private void Tick(int inMs)
    {
        if (!_ticking)
        {
            _ticking = true;
            Later(inMs, Goes);
        }
    }

    private bool Breaks()
    {
        if (World.Faults.Strikes(Fault.ResetByPeer))
        {
            Abort();
            ConnectionGone();
            return true;
        }
        if (World.Faults.Strikes(Fault.PeerVanished))
        {
            Vanish();
            ConnectionGone();
            return true;
        }
        if (World.Faults.Strikes(Fault.EndedWithoutClose))
        {
            EndWriting();
            return true;
        }
        return false;
    }

    private void Do()
    {
        if (Mood == Mood.Leaving)
        {
            Close(CloseCodes.Normal);
            return;
        }
        if (_clientId is null)
        {
            return;
        }
        SubscribeWanted();
        for (int left = Mood == Mood.Restless ? World.Prng.Between(0, 3) : 0; left > 0; left--)
        {
            DoSomething(SubscriptionOf(World.Prng.Pick<string>(Scenario.Channels)));
        }
        SendFrame();
    }

    private void DoSomething(Subscription subscription)
    {
        switch (World.Prng.Below(20))
        {
            case < 6:
                Publish(subscription);
                break;
            case < 10:
                Toggle(subscription);
                break;
            case < 12 when subscription.WillBeLive:
                // At once again, as a page does that mounts a component anew.
                Unsubscribe(subscription);
                Subscribe(subscription, since: World.Prng.Chance(500) ? subscription.Position : null);
                break;
            case < 15:
                AskHistory(subscription);
                break;
            case < 17:
                Ask(new Command("presence", subscription, Life: subscription.SteadyLife), Field(subscription));
                break;
            case 17:
                Ask(new Command("presence_stats", subscription), Field(subscription));
                break;
            case 18 when World.Prng.Chance(300):
                Ping();
                break;
            case 19 when World.Prng.Chance(100):
                SendFrame();
                Close(CloseCodes.Normal);
                break;
        }
    }

    private Subscription SubscriptionOf(string channel)
    {
        if (!_subscriptions.TryGetValue(channel, out Subscription? subscription))
        {
            subscription = new Subscription(World, _oracle, channel, Scenario.RulesOf(channel));
            _subscriptions.Add(channel, subscription);
        }
        return subscription;
    }

    private void Toggle(Subscription subscription)
    {
        subscription.Wanted = !subscription.Wanted;
        if (subscription.Wanted && !subscription.WillBeLive)
        {
            Subscribe(subscription, subscription.Position);
        }
        else if (!subscription.Wanted && subscription.WillBeLive)
        {
            Unsubscribe(subscription);
        }
    }

    private void SubscribeWanted()
    {
        foreach (Subscription subscription in _subscriptions.Values)
        {
            if (subscription.Wanted && !subscription.WillBeLive)
            {
                Subscribe(subscription, subscription.Position);
            }
        }
    }

    private void ConnectionGone()
    {
        _clientId = null;
        _pending.Clear();
        _frame.ResetWrittenCount();
        foreach (Subscription subscription in _subscriptions.Values)
        {
            subscription.Lost();
        }
    }
}

/// <summary>What a client's user does.</summary>
internal enum Mood
{
    /// <summary>Anything, all the time.</summary>
    Restless,

    /// <summary>Nothing, but what is wanted is kept.</summary>
    Calm,

    /// <summary>Closes and stays away.</summary>
    Leaving,
}
