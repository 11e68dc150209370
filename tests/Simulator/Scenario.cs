using Sluice.Channels;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>One run: a server of some loops, its peers, a storm of faults, calm, and the end, all of it from one seed.</summary>
internal sealed class Scenario
{
    public const string ChannelPath = "/connection/websocket";
    public const string EchoPath = "/echo";
    public const string RelayPath = "/relay";

    // Somebody shakes hands as late as he may, says nothing for as long as he may, and does not answer the close:
    // within this the longest of these time-outs that settings have are over. Nothing else takes time any more.
    private const int CalmMsMax = 14_000;

    // Bytes trickle through a buffer of a few bytes, and of somebody who vanished only a time-out tells.
    private const int CalmMsMaxOfSlow = 600_000;

    // A publication's way from one loop to another and to a peer, and a reader's back that it has left behind.
    private const int PromptMs = 3_000;

    // What somebody said before he vanished is heard within this, though he is not there to see what comes of it.
    private const int LastWordsMs = 2_000;

    private const int LookAgainMs = 250;

    private const int PeersNamedMax = 5;

    // What a budget of memory does not get back at once: held commands, and what is sent in the next turn.
    private const int BeyondBudgetBytes = 2 << 20;

    private readonly World _world;
    private readonly Canary _canary;
    private readonly EventLoop[] _loops;
    private readonly Hub[] _hubs;
    private readonly MemoryBroker _broker;
    private readonly NativeClient[] _clients;
    private readonly EchoPeer[] _echoes;
    private readonly HostilePeer[] _hostilePeers;
    private readonly HostileClient[] _hostileClients;
    private readonly Trespasser[] _trespassers;
    private readonly Neighbour[] _neighbours;
    private readonly RelayBook _relayBook;
    private readonly RelayPeer[] _relayPeers;
    private readonly Outsider _outsider;
    private readonly string[] _inspected;

    public Scenario(World world, Canary canary)
    {
        _world = world;
        _canary = canary;
        Settings = Settings.Draw(world.Prng);
        Oracle = new Oracle(Settings.PayloadBytesMax);
        _relayBook = new RelayBook(world, Settings);
        _inspected = Array.FindAll(Settings.Channels, channel => RulesOf(channel).IsKnown);
        _loops = Make(Settings.Loops, AddLoop);
        _broker = new MemoryBroker(_loops);
        _hubs = Make(Settings.Loops, AddHub);
        _loops[0].Group = new LoopGroup(_loops);
        _clients = Make(Settings.Clients, i => canary.MakeClient(world, $"client {i}", this));
        _echoes = Make(Settings.EchoPeers, i => new EchoPeer(world, $"echo {i}", EchoPath, Settings.PayloadBytesMax, this));
        _hostilePeers = Make(Settings.HostilePeers, i => new HostilePeer(world, $"hostile {i}", ChannelPath));
        _trespassers = Make(Settings.Trespassers, i => new Trespasser(world, $"trespasser {i}", EchoPath, this));
        Neighbourhood neighbourhood = new(world.NewAddress(), Settings.Loop.ConnectionsPerAddressMax);
        _neighbours = Make(Settings.Neighbours, i => new Neighbour(world, $"neighbour {i}", EchoPath, this, neighbourhood));
        _hostileClients = Make(Settings.HostileClients, i => new HostileClient(world, $"rude {i}", ChannelPath, this));
        _relayPeers = Make(Settings.RelayPeers, i => new RelayPeer(world, $"relayed {i}", this, _relayBook));
        _outsider = new Outsider(world, this, canary.Around(_broker));
    }

    public Settings Settings { get; }

    public Oracle Oracle { get; }

    public string[] Channels => Settings.Channels;

    public bool IsShuttingDown { get; private set; }

    /// <summary>Whether anything went wrong by plan that may have cost a connection.</summary>
    public bool SomethingFailed => _world.Faults.HaveHarmed;

    // Some peer may take so little at a time that it misses what is not kept for it.
    private bool IsSluggish => _world.Faults[Fault.BufferTiny] > 0;

    private bool SomebodyVanished => _world.Faults[Fault.PeerVanished] > 0;

    private int CalmMs => IsSluggish || SomebodyVanished ? CalmMsMaxOfSlow : CalmMsMax;

    /// <summary>Whether the server may answer a well-formed handshake so.</summary>
    public bool MayRefuse(int status) => status switch
    {
        408 => SomethingFailed,
        429 => SomethingFailed && Settings.CountsAddresses, // its last connection is not yet known to be gone
        503 => IsShuttingDown || Settings.IsCrowded || Settings.IsPoor,
        _ => false,
    };

    public ChannelRules RulesOf(string channel) => Settings.RulesOf(channel);

    /// <summary>Plays the run. What is wrong is thrown as a <see cref="Violation"/>.</summary>
    public void Play()
    {
        Begin();
        _world.RunUntil(_world.Now + Settings.StormMs);
        if (_world.Prng.Chance(250))
        {
            _world.Reach(Milestone.ShutDownInStorm);
            ShutDown();
            _world.RunUntil(_world.Now + _world.Prng.Between(0, 2_000));
            CalmDown();
        }
        else
        {
            CalmDown();
            if (SomebodyVanished)
            {
                _world.RunUntil(_world.Now + LastWordsMs);
            }
            Await(IsHealed, CalmMs, "not everything healed in time");
            AgreeOnLogs();
            if (_world.Prng.Chance(500))
            {
                SayGoodbye();
            }
            ShutDown();
            Array.ForEach(_clients, static client => client.Become(Mood.Leaving));
        }
        Await(IsOver, CalmMs, "the end did not come");
        CheckNothingIsLeft();
    }

    private void Begin()
    {
        _outsider.Start(_world.Prng.Between(0, 500));
        Array.ForEach(_clients, client => client.Start(_world.Prng.Between(0, 500)));
        Array.ForEach(_echoes, echo => echo.Start(_world.Prng.Between(0, 500)));
        Array.ForEach(_hostilePeers, peer => peer.Start(_world.Prng.Between(0, 2_000)));
        Array.ForEach(_hostileClients, client => client.Start(_world.Prng.Between(0, 2_000)));
        Array.ForEach(_trespassers, peer => peer.Start(_world.Prng.Between(0, 2_000)));
        Array.ForEach(_neighbours, peer => peer.Start(_world.Prng.Between(0, 2_000)));
        Array.ForEach(_relayPeers, peer => peer.Start(_world.Prng.Between(0, 500)));
    }

    private void CalmDown()
    {
        _outsider.IsQuiet = true;
        _relayBook.IsQuiet = true;
        _world.EndStorm();
        Array.ForEach(_clients, client => client.Become(IsShuttingDown ? Mood.Leaving : Mood.Calm));
        if (Settings.IsCrowd)
        {
            _world.Reach(Milestone.Crowd);
            Array.ForEach(_clients, client => client.Want(Channels[0]));
        }
        Array.ForEach(_echoes, static echo => echo.Leave());
        Array.ForEach(_hostilePeers, static peer => peer.Leave());
        Array.ForEach(_hostileClients, static client => client.Leave());
        Array.ForEach(_trespassers, static peer => peer.Leave());
        Array.ForEach(_neighbours, static peer => peer.Leave());
        Array.ForEach(_relayPeers, static peer => peer.Leave());
    }

    private bool IsHealed() => _outsider.Outstanding == 0 && !Unsettled().Any();

    // Everybody has the whole of each log, and is counted in it.
    private void AgreeOnLogs()
    {
        Await(IsAgreed, CalmMs, "subscribers did not reach the end of their logs");
        // And what is published now reaches them soon, although nothing else wakes anybody. Readers that leave while
        // others have still to be served make those no less served.
        int leavePerMille = _world.Prng.Pick<int>([0, 0, 300]);
        Array.ForEach(Array.FindAll(_clients, _ => _world.Prng.Chance(leavePerMille)), static client => client.Become(Mood.Leaving));
        foreach (Subscription subscription in _inspected.SelectMany(LiveSubscriptions))
        {
            subscription.Mark();
        }
        _outsider.Probe(_inspected);
        Await(IsAgreed, IsSluggish ? CalmMs : PromptMs, "a publication did not reach its subscribers soon");
        Oracle.Audit(channel => RulesOf(channel).Forgets || !RulesOf(channel).Options.HasHistory);
    }

    private bool IsAgreed()
    {
        if (_outsider.Outstanding > 0 || !IsHealed())
        {
            return false;
        }
        bool agreed = Array.TrueForAll(_inspected, Agrees);
        if (!agreed)
        {
            _outsider.Inspect(_inspected);
        }
        return agreed;
    }

    private bool Agrees(string channel)
    {
        if (_outsider.TopOf(channel) is not { } top)
        {
            return false;
        }
        int readers = 0;
        foreach (Subscription subscription in LiveSubscriptions(channel))
        {
            readers++;
            bool isAtEnd = subscription.Position is not { } position || position == top;
            bool hasSeenProbe = IsSluggish || _outsider.ProbeOf(channel) is not { } probe || subscription.HasSeen(probe);
            if (!isAtEnd || !hasSeenProbe)
            {
                return false;
            }
        }
        return !RulesOf(channel).Options.Presence || _outsider.PresentIn(channel) == readers;
    }

    private IEnumerable<Subscription> LiveSubscriptions(string channel) =>
        _clients.SelectMany(static client => client.Subscriptions).Where(subscription => subscription.Channel == channel && subscription.IsLive);

    private void SayGoodbye()
    {
        Array.ForEach(_clients, static client => client.Become(Mood.Leaving));
        Await(() => Array.TrueForAll(_clients, static client => client.IsGone), CalmMs, "clients could not leave");
    }

    private void ShutDown()
    {
        IsShuttingDown = true;
        Array.ForEach(_loops, static loop => loop.BeginShutdown());
    }

    private bool IsOver() =>
        Array.TrueForAll(_loops, static loop => loop.Stopped) && Array.TrueForAll(_clients, static client => client.IsGone);

    private void CheckNothingIsLeft()
    {
        // Long enough for every position to be forgotten.
        _world.RunUntil(_world.Now + 6_000_000);
        Violation.Unless(_world.Descriptors.OpenCount == 0, "a socket is left");
        Violation.Unless(_world.Systems.All(static system => system.SleepsUntil == long.MaxValue), "a timer is left");
        foreach (EventLoop loop in _loops)
        {
            Violation.Unless(loop.Resources == default, $"a loop still holds something: {loop.Resources}");
        }
        foreach (Hub hub in _hubs)
        {
            Violation.Unless(hub.Resources == default, $"a hub still holds something: {hub.Resources}");
        }
        Violation.Unless(_broker.Resources == default, $"the broker still holds something: {_broker.Resources}");
    }

    private void Await(Func<bool> condition, int withinMs, string otherwise)
    {
        long deadline = _world.Now + withinMs;
        while (!condition())
        {
            if (_world.Now >= deadline)
            {
                Violation.Found($"{otherwise}: {string.Join("; ", Unsettled().Take(PeersNamedMax))}; {_outsider.Outstanding} requests open");
            }
            _world.RunUntil(_world.Now + LookAgainMs);
        }
    }

    private IEnumerable<Peer> Unsettled() =>
        [
            .. _clients.Where(static client => !client.IsSettled),
            .. _echoes.Where(static echo => !echo.IsGone),
            .. _hostilePeers.Where(static peer => !peer.IsGone),
            .. _hostileClients.Where(static client => !client.IsGone),
            .. _trespassers.Where(static peer => !peer.IsGone),
            .. _neighbours.Where(static peer => !peer.IsGone),
            .. _relayPeers.Where(static peer => !peer.IsGone),
        ];

    private EventLoop AddLoop(int number)
    {
        SimulatedSystem system = _world.AddSystem(listens: number == 0);
        EventLoop loop = new(_canary.Around(system), _canary.Instead(Settings.Loop));
        system.Turn = () =>
        {
            loop.Turn();
            Violation.Unless(loop.MemoryBytes <= Settings.Loop.MemoryBytesMax + BeyondBudgetBytes, "a loop holds more than its budget");
        };
        return loop;
    }

    private Hub AddHub(int number)
    {
        EventLoop loop = _loops[number];
        Hub hub = new(loop, _canary.Around(_broker.From(loop)), Settings.Hub, ChannelPath)
        {
            ShutdownCode = 3001,
            SlowCode = 3008,
            Deflate = Settings.Deflate,
            Limits = new WebSocketLimits { MessageBytesMax = 256 << 10 },
        };
        loop.Serve(hub);
        loop.Serve(new EchoEndpoint(loop, EchoPath) { Deflate = Settings.Deflate });
        loop.Serve(new RelayEndpoint(loop, _world.Systems[number], _world, _relayBook) { Deflate = Settings.Deflate, Overflow = Settings.RelayOverflow });
        return hub;
    }

    private static T[] Make<T>(int count, Func<int, T> make)
    {
        T[] made = new T[count];
        for (int i = 0; i < count; i++)
        {
            made[i] = make(i);
        }
        return made;
    }
}
