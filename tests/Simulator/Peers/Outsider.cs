using System.IO.Hashing;
using System.Text.Json;
using Sluice.Channels;

namespace Sluice.Simulator;

/// <summary>What the HTTP API is to the loops: somebody on none of them, who asks the broker and is answered on any.</summary>
internal sealed class Outsider : IActor, IAsker
{
    private const int Goes = 0;
    private const int Probes = 1;

    private readonly World _world;
    private readonly Scenario _scenario;
    private readonly IBroker _broker;
    private readonly int _publisher;
    private readonly Dictionary<ChannelRequest, Publication> _publishing = [];
    private readonly Dictionary<string, Place> _tops = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _present = new(StringComparer.Ordinal);
    // The same bytes at the same place need no second judgement, however often a log is looked through.
    private readonly HashSet<(string Channel, string Epoch, ulong Offset, ulong Digest)> _judged = [];
    private readonly Dictionary<string, Publication> _probes = new(StringComparer.Ordinal);

    public Outsider(World world, Scenario scenario, IBroker broker)
    {
        _world = world;
        _scenario = scenario;
        _broker = broker;
        _publisher = scenario.Oracle.NewPublisher();
    }

    public bool IsQuiet { get; set; }

    /// <summary>Questions that are not answered.</summary>
    public int Outstanding { get; private set; }

    public void Start(int inMs) => _world.Schedule(_world.Now + inMs, this, Goes);

    /// <summary>The end of a channel's log, as last answered.</summary>
    public Place? TopOf(string channel) => _tops.TryGetValue(channel, out Place top) ? top : null;

    /// <summary>The last publication of <see cref="Probe"/> in a channel, once there was one.</summary>
    public Publication? ProbeOf(string channel) => _probes.GetValueOrDefault(channel);

    /// <summary>How many were in a channel, as last answered.</summary>
    public int PresentIn(string channel) => _present.GetValueOrDefault(channel);

    void IActor.Act(int what, long argument)
    {
        if (what == Probes)
        {
            Outstanding--;
            string probed = _scenario.Channels[argument];
            _probes[probed] = Publish(probed);
            return;
        }
        if (IsQuiet)
        {
            return;
        }
        string channel = _world.Prng.Pick<string>(_scenario.Channels);
        if (_scenario.RulesOf(channel).IsKnown)
        {
            Do(channel);
        }
        Start(_world.Prng.Between(1, 500));
    }

    /// <summary>Publishes a few things more while nothing else happens that could wake anybody; where things are forgotten
    /// so many at once that all readers are left behind.</summary>
    public void Probe(string[] channels)
    {
        _tops.Clear();
        foreach (string channel in channels)
        {
            bool forgets = _scenario.RulesOf(channel).Forgets;
            long at = _world.Now + _world.Prng.Between(0, 60);
            for (int left = forgets ? 25 : _world.Prng.Between(1, 3); left > 0; left--)
            {
                Outstanding++;
                _world.Schedule(forgets ? at : at + _world.Prng.Between(0, 10), this, Probes, Array.IndexOf(_scenario.Channels, channel));
            }
        }
    }

    /// <summary>Asks for everything that channels keep and who is in them.</summary>
    public void Inspect(string[] channels)
    {
        foreach (string channel in channels)
        {
            ReadHistory(channel, int.MaxValue);
            Outstanding++;
            _broker.ReadPresence(new PresenceRequest { Channel = channel, Options = _scenario.RulesOf(channel).Options, Asker = this });
        }
    }

    /// <summary>An answer, on the owner's loop.</summary>
    public void Answered(ChannelRequest request)
    {
        Outstanding--;
        switch (request)
        {
            case PublishRequest publish:
                Published(publish);
                break;
            case HistoryRequest history:
                HistoryRead(history);
                break;
            case PresenceRequest presence:
                _present[request.Channel] = presence.ClientCount;
                break;
        }
    }

    private void Do(string channel)
    {
        if (_world.Prng.Chance(200))
        {
            ReadHistory(channel, _world.Prng.Pick<int>([0, 1, 100]));
            return;
        }
        for (int left = _world.Prng.Chance(50) ? _world.Prng.Between(2, _world.Prng.Chance(50) ? 600 : 60) : 1; left > 0; left--)
        {
            Publish(channel);
        }
    }

    private Publication Publish(string channel)
    {
        ChannelOptions options = _scenario.RulesOf(channel).Options;
        bool skipsHistory = _world.Prng.Chance(50);
        Publication publication = _scenario.Oracle.Publish(channel, _publisher, null, isKept: options.HasHistory && !skipsHistory);
        PublishRequest request = new()
        {
            Channel = channel,
            Options = options,
            Asker = this,
            Data = publication.Data,
            SkipsHistory = skipsHistory,
        };
        _world.Trace.Note(_world.Now, "outsider", "publish", publication.Number, 0, channel);
        _publishing.Add(request, publication);
        Outstanding++;
        _broker.Publish(request);
        return publication;
    }

    private void ReadHistory(string channel, int limit)
    {
        Outstanding++;
        _broker.ReadHistory(new HistoryRequest
        {
            Channel = channel,
            Options = _scenario.RulesOf(channel).Options,
            Asker = this,
            Limit = limit,
            BytesMax = int.MaxValue,
        });
    }

    private void Published(PublishRequest request)
    {
        Violation.Unless(_publishing.Remove(request, out Publication? publication), "a publish was answered twice");
        publication.Acknowledged = true;
        Violation.Unless(publication.IsKept == (request.Position.Offset != 0), "a kept publication has a position, another has none");
        if (publication.IsKept)
        {
            _scenario.Oracle.Put(publication, new Place(request.Position.Epoch.ToString(), (long)request.Position.Offset));
        }
    }

    private void HistoryRead(HistoryRequest request)
    {
        string epoch = request.Top.Epoch.IsGiven ? request.Top.Epoch.ToString() : "";
        Place top = new(epoch, (long)request.Top.Offset);
        Violation.Unless(request.Publications.Count <= request.Limit, "more history than was asked for");
        for (int i = 1; i < request.Publications.Count; i++)
        {
            Violation.Unless(request.Publications[i].Offset == request.Publications[i - 1].Offset + 1, "history with a hole");
        }
        _scenario.Oracle.SawTop(request.Channel, top);
        if (request.Limit == int.MaxValue)
        {
            Violation.Unless(request.Publications.Count == 0 || (long)request.Publications[^1].Offset == top.Offset, "history does not end at its top");
            _tops[request.Channel] = top;
        }
        foreach (Entry entry in request.Publications)
        {
            if (!_judged.Add((request.Channel, epoch, entry.Offset, XxHash3.HashToUInt64(entry.Body))))
            {
                continue;
            }
            Utf8JsonReader reader = new(entry.Body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            ShownPublication shown = ShownPublication.Read(document.RootElement);
            Violation.Unless(shown.Offset == (long)entry.Offset, "an entry's offset is not the one in its body");
            _scenario.Oracle.Saw(request.Channel, new Place(epoch, shown.Offset), shown.Data, shown.Client);
        }
    }
}
