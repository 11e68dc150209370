namespace Sluice.Simulator;

/// <summary>Where a publication is: which life of its channel's log, and which place in it.</summary>
internal readonly record struct Place(string Epoch, long Offset);

/// <summary>One thing published.</summary>
internal sealed class Publication(long number, string channel, int publisher, string? client, bool isKept, byte[] data)
{
    public long Number { get; } = number;

    public string Channel { get; } = channel;

    /// <summary>Publications of one publisher are made one after the other, and have to keep that order.</summary>
    public int Publisher { get; } = publisher;

    /// <summary>The client id that others are told; null when the server itself publishes.</summary>
    public string? Client { get; } = client;

    public byte[] Data { get; } = data;

    /// <summary>Whether it is to have a place in the log.</summary>
    public bool IsKept { get; } = isKept;

    /// <summary>Its publisher was told that it is done.</summary>
    public bool Acknowledged { get; set; }

    public Place? Place { get; set; }
}

/// <summary>What is known to have happened, against which everything that anybody is told is held.</summary>
/// <remarks>It looks at the wire and at the broker's answers only. Each publication is unique; where one is first seen
/// is its place for good, and the place is its own.</remarks>
internal sealed class Oracle(int payloadBytesMax)
{
    private readonly List<Publication> _publications = [];
    private readonly Dictionary<(string Channel, string Epoch), SortedDictionary<long, Publication>> _logs = [];
    private readonly Dictionary<(string Channel, string Epoch), long> _tops = [];
    private int _publishers;

    /// <summary>How many publications were held against what is known.</summary>
    public long CheckedTotal { get; private set; }

    public int NewPublisher() => _publishers++;

    public Publication Publish(string channel, int publisher, string? client, bool isKept)
    {
        long number = _publications.Count;
        Publication publication = new(number, channel, publisher, client, isKept, Payload.Of(number, payloadBytesMax));
        _publications.Add(publication);
        return publication;
    }

    /// <summary>Somebody is shown a publication.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="place">Where it is said to be; null for one without a position.</param>
    /// <param name="data">Its payload.</param>
    /// <param name="client">Who is said to have published it.</param>
    public Publication Saw(string channel, Place? place, ReadOnlySpan<byte> data, string? client)
    {
        CheckedTotal++;
        long number = Payload.NumberOf(data);
        Violation.Unless(number < _publications.Count, "a publication from the future");
        Publication publication = _publications[(int)number];
        Violation.Unless(publication.Channel == channel, "a publication in another channel than its own");
        Violation.Unless(data.SequenceEqual(publication.Data), "a publication's payload was changed");
        Violation.Unless(publication.Client == client, "a publication by somebody else");
        Violation.Unless(publication.IsKept == place is not null, "a kept publication without an offset, or another with one");
        if (place is { } at)
        {
            Put(publication, at);
        }
        return publication;
    }

    /// <summary>A publication is said to be at a place.</summary>
    public void Put(Publication publication, Place place)
    {
        SortedDictionary<long, Publication> log = LogOf(publication.Channel, place.Epoch);
        if (publication.Place is null && log.TryAdd(place.Offset, publication))
        {
            publication.Place = place;
            SawTop(publication.Channel, place);
        }
        Violation.Unless(publication.Place is null || publication.Place == place, "a publication at two places");
        Violation.Unless(log[place.Offset] == publication, "two publications at one place");
    }

    /// <summary>Somebody is told that a log reaches so far.</summary>
    public void SawTop(string channel, Place top)
    {
        _tops[(channel, top.Epoch)] = Math.Max(TopSeen(channel, top.Epoch), top.Offset);
    }

    /// <summary>How far a log reached the last time that anybody was told.</summary>
    public long TopSeen(string channel, string epoch) => _tops.GetValueOrDefault((channel, epoch));

    /// <summary>What holds of all publications together, when nothing moves any more.</summary>
    /// <param name="forgets">Whether a channel's log may have lost entries, and its whole life, before anybody looked.</param>
    public void Audit(Func<string, bool> forgets)
    {
        foreach (((string channel, string _), SortedDictionary<long, Publication> log) in _logs)
        {
            Dictionary<int, long> last = [];
            foreach (Publication publication in log.Values)
            {
                bool ordered = publication.Number > last.GetValueOrDefault(publication.Publisher, -1);
                Violation.Unless(ordered, "a publisher's publications are not in the order in which it made them");
                last[publication.Publisher] = publication.Number;
            }
            Violation.Unless(forgets(channel) || (log.Keys.FirstOrDefault(1) == 1 && log.Keys.LastOrDefault() == log.Count), "a log has a hole");
        }
        foreach (Publication publication in _publications)
        {
            Violation.Unless(!publication.Acknowledged || !publication.IsKept || publication.Place is not null || forgets(publication.Channel), "an acknowledged publication is nowhere");
        }
    }

    private SortedDictionary<long, Publication> LogOf(string channel, string epoch)
    {
        if (!_logs.TryGetValue((channel, epoch), out SortedDictionary<long, Publication>? log))
        {
            log = [];
            _logs.Add((channel, epoch), log);
        }
        return log;
    }
}
