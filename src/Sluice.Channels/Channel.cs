using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>One channel at its owner: the log, the feeds of its mirrors, and who is there.</summary>
internal sealed class Channel(ChannelOwner owner, string name, ChannelOptions options, Epoch epoch) : RunItem
{
    // A channel that nothing was ever published to is worth remembering for a reconnect, not for an hour.
    private const long EmptyPositionTtlMs = 60_000;

    private MessageEncoder? _json;
    private MessageEncoder? _protobuf;

    public string Name => name;

    public ChannelOptions Options => options;

    public ChannelLog Log { get; } = new(epoch);

    public List<Feed> Feeds { get; } = new(1);

    /// <summary>The formats that the mirrors have readers of, as far as is known.</summary>
    public WireFormats Wanted
    {
        get
        {
            WireFormats wanted = WireFormats.None;
            foreach (Feed feed in Feeds)
            {
                wanted |= feed.Wanted;
            }
            return wanted;
        }
    }

    public Presence? Presence { get; set; }

    /// <summary>Since when nothing but its position is left; null while something is.</summary>
    public long? IdleSinceMs { get; set; }

    /// <summary>When it is reviewed next.</summary>
    public long DueMs { get; set; } = long.MaxValue;

    /// <summary>The sequence up to which every mirror has been given the log.</summary>
    public ulong Given
    {
        get
        {
            ulong given = ulong.MaxValue;
            foreach (Feed feed in Feeds)
            {
                given = Math.Min(given, feed.Cursor);
            }
            return given;
        }
    }

    public bool IsIdle => Feeds.Count == 0 && Presence is null && Log.IsEmpty;

    public long PositionTtlMs => !options.HasHistory ? 0
        : Log.TopOffset == 0 ? Math.Min(EmptyPositionTtlMs, options.PositionTtlMs) : options.PositionTtlMs;

    /// <summary>Makes the frames of a format; each is a source of its own, since its readers see no other's.</summary>
    public MessageEncoder EncoderOf(WireFormat format) => format == WireFormat.Json
        ? _json ??= new MessageEncoder(owner.Loop.Deflater)
        : _protobuf ??= new MessageEncoder(owner.Loop.Deflater);

    /// <summary>Gives what is new to the feeds that wait here. The others read on when they come back.</summary>
    public override bool RunQuantum()
    {
        bool filled = false;
        foreach (Feed feed in Feeds)
        {
            if (feed.AtRest && (feed.Cursor < Log.Tip || feed.KeptFloor < Log.KeptFloor || feed.LiveFloor < Log.LiveFloor))
            {
                Fill(feed, Feed.EntriesMax);
                owner.Post(feed);
                filled = true;
            }
        }
        if (filled)
        {
            owner.Review(this); // what waited only for this may be dropped now
        }
        return false;
    }

    /// <summary>Reads on from the feed's cursor.</summary>
    public void Fill(Feed feed, int entriesMax)
    {
        feed.KeptFloor = Log.KeptFloor;
        feed.LiveFloor = Log.LiveFloor;
        while (feed.Entries.Count < entriesMax && Log.TryNext(feed.Cursor, out Entry entry))
        {
            feed.Entries.Add(entry);
            feed.Cursor = entry.Sequence;
        }
        if (!Log.TryNext(feed.Cursor, out _))
        {
            feed.Cursor = Log.Tip; // everything up to the tip has been given or dropped
        }
        feed.TopOffset = Log.OffsetAt(feed.Cursor);
    }
}
