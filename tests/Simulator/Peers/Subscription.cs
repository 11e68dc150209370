namespace Sluice.Simulator;

/// <summary>One channel as a client knows it, and what has to hold of what it is told.</summary>
internal sealed class Subscription(World world, Oracle oracle, string channel, ChannelRules rules)
{
    private readonly Dictionary<int, long> _lastOfPublisher = [];
    private int _lives;
    private int _markedLife;

    public string Channel { get; } = channel;

    public ChannelRules Rules { get; } = rules;

    /// <summary>Whether the user wants it; a client asks again for what is wanted whenever it lost it.</summary>
    public bool Wanted { get; set; }

    /// <summary>Whether the server has it, as far as it has told.</summary>
    public bool IsLive { get; private set; }

    /// <summary>Whether the server will have it when all that was asked is done.</summary>
    public bool WillBeLive { get; set; }

    /// <summary>Commands about it that are not answered.</summary>
    public int Outstanding { get; set; }

    /// <summary>The number of this subscription among all that this client had to the channel; 0 while it is not live or about to change.</summary>
    public int SteadyLife => IsLive && Outstanding == 0 ? _lives : 0;

    /// <summary>Up to where everything was received; null when nothing can be recovered.</summary>
    public Place? Position { get; private set; }

    public override string ToString() =>
        $"{Channel} {(Wanted ? "wanted" : "not wanted")} {(IsLive ? "live" : "not live")} at {Position?.Offset ?? 0}";

    public void Subscribed(SubscribeReply reply, Place? asked, bool isStrict)
    {
        Violation.Unless(!IsLive, "subscribed twice");
        Violation.Unless(reply.WasRecovering == asked is not null, "was_recovering is not what was asked");
        Violation.Unless(reply.Recoverable == Rules.Recovers, "recoverable is not what the channel keeps");
        IsLive = true;
        _lives++;
        _lastOfPublisher.Clear();
        if (!Rules.Recovers)
        {
            Violation.Unless(!reply.Recovered && reply.Publications.Count == 0, "something recovered where nothing is kept");
            Position = null;
            return;
        }
        Violation.Unless(reply.Top.Epoch.Length > 0, "a position without an epoch");
        if (asked is { } since && reply.Recovered)
        {
            Violation.Unless(reply.Top == since, "a recovery whose position is not the one asked from");
        }
        else
        {
            Violation.Unless(!reply.Recovered && reply.Publications.Count == 0, "something recovered that was not asked for");
            Violation.Unless(!isStrict, "a lost position that was to be answered by an error");
            Violation.Unless(asked is not { } lost || MayBeLost(lost), "nothing was forgotten, and still it was not recovered");
        }
        if (asked is not null)
        {
            world.Reach(reply.Recovered ? Milestone.Recovered : reply.Top.Epoch == asked.Value.Epoch ? Milestone.NotRecovered : Milestone.EpochChanged);
        }
        Position = reply.Top;
        foreach (ShownPublication publication in reply.Publications)
        {
            Published(publication);
        }
    }

    /// <summary>The server does not want it. The client does not ask again, but for a lost position: then from the beginning.</summary>
    public void Refused(bool forgetPosition)
    {
        Position = forgetPosition ? null : Position;
        if (Outstanding == 0)
        {
            WillBeLive = false;
            Wanted = forgetPosition;
        }
    }

    /// <summary>Whether what came after a position may be lost. A log that never had anything may be forgotten anywhere.</summary>
    public bool MayBeLost(Place position) => Rules.Forgets || position.Offset == 0;

    /// <summary>A publication, by push or by recovery.</summary>
    public void Published(ShownPublication shown)
    {
        Violation.Unless(IsLive, "a publication for a channel that is not subscribed");
        Place? place = null;
        if (shown.Offset != 0)
        {
            Violation.Unless(Position is not null, "an offset where nothing is kept");
            place = Position.Value with { Offset = Position.Value.Offset + 1 };
            Violation.Unless(shown.Offset >= place.Value.Offset, "a publication again, or out of order");
            Violation.Unless(shown.Offset == place.Value.Offset, "a publication was left out and nothing was said");
            Position = place;
        }
        Publication publication = oracle.Saw(Channel, place, shown.Data, shown.Client);
        bool ordered = publication.Number > _lastOfPublisher.GetValueOrDefault(publication.Publisher, -1);
        Violation.Unless(ordered, "a publisher's publication again, or out of order");
        _lastOfPublisher[publication.Publisher] = publication.Number;
    }

    /// <summary>From now on it is known whether it stayed what it is.</summary>
    public void Mark() => _markedLife = SteadyLife;

    /// <summary>Whether it has been shown a publication, or was not there all the time since it was marked.</summary>
    public bool HasSeen(Publication publication) =>
        SteadyLife == 0 || SteadyLife != _markedLife || _lastOfPublisher.GetValueOrDefault(publication.Publisher, -1) >= publication.Number;

    /// <summary>The server has it no more.</summary>
    public void Ended() => IsLive = false;

    /// <summary>The connection is gone.</summary>
    public void Lost()
    {
        IsLive = false;
        WillBeLive = false;
        Outstanding = 0;
    }
}
