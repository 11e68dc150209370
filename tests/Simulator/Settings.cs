using Sluice.Channels;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>How large and how strict one run's server is, drawn from the seed: small limits are met often.</summary>
internal sealed record Settings
{
    private const int Forever = 1_000_000;
    private const int ClientsMax = 5;
    private const int UnsentBytesAmple = 4 << 20;
    private const int HeldBytesAmple = 256 << 10;
    private const int MemoryBytesAmple = 1 << 30;

    /// <summary>Many clients in few channels, so that one channel's readers do not get all of their turns in one go.</summary>
    public required bool IsCrowd { get; init; }

    public required int Loops { get; init; }

    public required int Clients { get; init; }

    /// <summary>Between two acts of a client.</summary>
    public required int PauseMsMax { get; init; }

    public required int EchoPeers { get; init; }

    public required int HostilePeers { get; init; }

    public required int HostileClients { get; init; }

    /// <summary>Peers that go beyond what a limit allows.</summary>
    public required int Trespassers { get; init; }

    /// <summary>Peers that share one address.</summary>
    public required int Neighbours { get; init; }

    /// <summary>Peers of the relay.</summary>
    public required int RelayPeers { get; init; }

    public required OverflowPolicy RelayOverflow { get; init; }

    /// <summary>How long things fail.</summary>
    public required int StormMs { get; init; }

    public required int PayloadBytesMax { get; init; }

    public required EventLoopOptions Loop { get; init; }

    public required HubOptions Hub { get; init; }

    public required DeflateOptions? Deflate { get; init; }

    public required IReadOnlyDictionary<string, ChannelRules> Rules { get; init; }

    public required string[] Channels { get; init; }

    /// <summary>Whether a peer that does nothing wrong may meet a limit of what is kept for it.</summary>
    public bool IsTight => Loop.UnsentBytesMax < UnsentBytesAmple || Hub.HeldBytesMax < HeldBytesAmple;

    /// <summary>Whether memory may be short.</summary>
    public bool IsPoor => Loop.MemoryBytesMax < MemoryBytesAmple;

    public bool CountsAddresses => Loop.ConnectionsPerAddressMax > 0 || Loop.HandshakesPerAddressMax > 0 || Loop.HandshakesPerSecondPerAddress > 0;

    /// <summary>Whether a peer may find no room.</summary>
    public bool IsCrowded => Loop.ConnectionsMax < Forever;

    public static Settings Draw(Prng prng)
    {
        Dictionary<string, ChannelRules> rules = DrawRules(prng);
        bool isCrowd = prng.Chance(40);
        return new Settings
        {
            IsCrowd = isCrowd,
            Loops = prng.Pick<int>(isCrowd ? [1, 2] : [1, 2, 2, 2, 3]),
            Clients = isCrowd ? prng.Between(80, 160) : prng.Between(1, ClientsMax),
            PauseMsMax = isCrowd ? 2_000 : 150,
            EchoPeers = prng.Below(2),
            HostilePeers = prng.Below(2),
            HostileClients = prng.Below(2),
            Trespassers = prng.Pick<int>([0, 0, 1, 3]),
            Neighbours = prng.Pick<int>([0, 0, 6]),
            RelayPeers = prng.Pick<int>([0, 0, 0, 2, 4]),
            RelayOverflow = prng.Pick<OverflowPolicy>([OverflowPolicy.Close, OverflowPolicy.DropNewest, OverflowPolicy.DropOldest]),
            StormMs = isCrowd ? prng.Between(1_000, 4_000) : prng.Between(1_000, 20_000),
            PayloadBytesMax = prng.Pick<int>([200, 200, 2_000, 40_000]),
            Loop = DrawLoop(prng) with { ConnectionsMax = isCrowd ? Forever : prng.Pick<int>([ClientsMax + 1, Forever, Forever]) },
            Hub = DrawHub(prng) with
            {
                Namespaces = new ChannelNamespaces
                {
                    Options = rules.Where(static rule => rule.Value.IsKnown).ToDictionary(static rule => rule.Key, static rule => rule.Value.Options),
                },
            },
            Deflate = prng.Chance(300) ? null : new DeflateOptions { MessageBytesMin = prng.Pick<int>([0, 100, 512]) },
            Rules = rules,
            Channels = [.. DrawChannels(prng, isCrowd ? ["keep", "few"] : rules.Keys)],
        };
    }

    public ChannelRules RulesOf(string channel) => Rules[channel[..channel.IndexOf(':', StringComparison.Ordinal)]];

    private static EventLoopOptions DrawLoop(Prng prng) => new()
    {
        HandshakeTimeoutMs = prng.Between(2_000, 5_000),
        CloseTimeoutMs = prng.Between(500, 2_000),
        LingerTimeoutMs = prng.Between(100, 1_000),
        CloseDurationMsMax = prng.Between(2_000, 5_000),
        PingAfterMs = prng.Between(1_000, 3_000),
        PongTimeoutMs = prng.Between(1_000, 2_000),
        ProgressTimeoutMs = prng.Between(1_000, 4_000),
        StallTimeoutMs = prng.Pick<int>([2_000, 2_000, 30_000]),
        ControlFramesBurst = 100,
        ConnectionsPerAddressMax = prng.Pick<int>([0, 4]),
        HandshakesPerAddressMax = prng.Pick<int>([0, 4]),
        HandshakesPerSecondPerAddress = prng.Pick<int>([0, 20]),
        RefusalsMax = prng.Pick<int>([0, 2, 256]),
        MemoryBytesMax = prng.Pick<int>([MemoryBytesAmple, MemoryBytesAmple, MemoryBytesAmple, 64 << 10]),
        UnsentBytesMax = prng.Pick<int>([4 << 10, 64 << 10, UnsentBytesAmple]),
        UnsentBytesHigh = prng.Pick<int>([256, 2 << 10, 64 << 10]),
        TurnQuantum = prng.Pick<int>([1, 4, 256]),
        RunQuantum = prng.Pick<int>([1, 16]),
        EventQuantum = prng.Pick<int>([1, 3, 256]),
        ReleasesForeign = prng.Chance(500),
        OverwritesReturnedBuffers = true,
    };

    private static HubOptions DrawHub(Prng prng) => new()
    {
        AllowAnonymous = true,
        PingIntervalMs = prng.Pick<int>([500, 2_000, 25_000]),
        PongTimeoutMs = prng.Between(3_000, 5_000),
        StaleMs = prng.Between(2_000, 5_000),
        PendingAnswersMax = prng.Pick<int>([1, 3, 64]),
        HeldBytesMax = prng.Pick<int>([4 << 10, HeldBytesAmple]),
        SubscriptionsMax = prng.Pick<int>([4, 128, 128]),
        HistoryCountMax = prng.Pick<int>([2, 300]),
        HistoryBytesMax = prng.Pick<int>([1_000, 1 << 20]),
        RecoveryReplyBytesMax = prng.Pick<int>([0, 500, 64 << 10]),
    };

    private static Dictionary<string, ChannelRules> DrawRules(Prng prng)
    {
        ChannelOptions open = new()
        {
            Presence = true,
            JoinLeave = prng.Chance(500),
            Subscribe = Access.Client,
            Publish = Access.Client,
            History = Access.Client,
            ReadPresence = Access.Client,
        };
        ChannelOptions keeping = open with { HistorySize = Forever, HistoryTtlMs = Forever, HistoryBytesMax = int.MaxValue };
        return new Dictionary<string, ChannelRules>(StringComparer.Ordinal)
        {
            ["keep"] = new(keeping, Forgets: false),
            ["few"] = new(open with { HistorySize = prng.Between(1, 20), HistoryBytesMax = prng.Pick<int>([500, 1 << 20]) }, Forgets: true),
            ["old"] = new(open with { HistorySize = 100, HistoryTtlMs = prng.Between(100, 3_000), PositionTtlMs = prng.Between(50, 1_000) }, Forgets: true),
            ["live"] = new(open with { Presence = prng.Chance(500) }, Forgets: false),
            ["own"] = new(
                keeping with { Publish = Access.Subscriber, History = Access.Subscriber, ReadPresence = Access.Subscriber },
                Forgets: false),
            ["shut"] = new(new ChannelOptions { HistorySize = 10 }, Forgets: true),
            ["unknown"] = new(new ChannelOptions(), Forgets: true, IsKnown: false),
        };
    }

    private static IEnumerable<string> DrawChannels(Prng prng, IEnumerable<string> namespaces)
    {
        foreach (string name in namespaces)
        {
            // The letter decides which loop owns it.
            for (int left = name == "keep" ? 3 : 1; left > 0; left--)
            {
                yield return $"{name}:{left}{(char)('a' + prng.Below(8))}";
            }
        }
    }
}
