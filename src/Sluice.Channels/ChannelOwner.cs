using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>The channels that one loop owns: only here are they appended to, trimmed and forgotten.</summary>
/// <remarks>Lives on its loop. Reached by messages alone, also from the same loop.</remarks>
internal sealed class ChannelOwner(EventLoop loop)
{
    private readonly Dictionary<string, Channel> _channels = new(StringComparer.Ordinal);
    private readonly PublicationEncoder[] _encoders = [new(WireFormat.Json), new(WireFormat.Protobuf)]; // by format
    private readonly PriorityQueue<Channel, long> _due = new();
    private long _alarmMs = long.MaxValue;

    public EventLoop Loop => loop;

    public int ChannelCount => _channels.Count;

    public int OccupiedCount => _channels.Values.Count(static channel => channel.Feeds.Count > 0);

    public int FeedCount => _channels.Values.Sum(static channel => channel.Feeds.Count);

    public int PresentCount => _channels.Values.Sum(static channel => channel.Presence?.ClientCount ?? 0);

    public void Publish(PublishRequest request)
    {
        Channel channel = Ensure(request.Channel, request.Options);
        ulong offset = request.Options.HasHistory && !request.SkipsHistory ? channel.Log.TopOffset + 1 : 0;
        Append(channel, new EntryFacts(channel.Name, EntryKind.Publication, request.Publisher, request.Tags), offset, request.Data);
        request.Position = offset == 0 ? default : channel.Log.Position;
        Review(channel);
    }

    public void ReadHistory(HistoryRequest request)
    {
        // A channel that nobody has is not made by asking for it: its answer has no epoch.
        ChannelLog? log = _channels.GetValueOrDefault(request.Channel)?.Log;
        request.Top = log?.Position ?? default;
        if (request.Since is { } since && !IsCovered(log, since, request.Reverse))
        {
            request.Error = CommandError.UnrecoverablePosition;
        }
        else if (log is not null)
        {
            request.Publications = Select(log, request);
        }
    }

    public void ReadPresence(PresenceRequest request)
    {
        if (_channels.GetValueOrDefault(request.Channel)?.Presence is not { } presence)
        {
            return;
        }
        request.ClientCount = presence.ClientCount;
        if (request.OnlyCounts)
        {
            request.UserCount = presence.CountUsers();
        }
        else
        {
            request.Clients = [.. presence.Clients]; // a copy: the answer is read on another loop
        }
    }

    public void ChangePresence(PresenceChange change)
    {
        Channel channel = Ensure(change.Channel, change.Options);
        channel.Presence ??= new Presence();
        bool changed = change.Joined ? channel.Presence.Join(change.Client) : channel.Presence.Leave(change.Client.Client);
        if (channel.Presence.ClientCount == 0)
        {
            channel.Presence = null;
        }
        if (changed && change.Options.JoinLeave)
        {
            EntryKind kind = change.Joined ? EntryKind.Join : EntryKind.Leave;
            Append(channel, new EntryFacts(channel.Name, kind, change.Client, null), 0, default);
        }
        Review(channel);
    }

    /// <summary>A feed arrives, for the first time or back from its mirror, and wants what comes next.</summary>
    public void Take(Feed feed)
    {
        Channel channel = Ensure(feed.Channel, feed.Mirror.Options);
        if (!channel.Feeds.Contains(feed))
        {
            channel.Feeds.Add(feed);
            feed.Wanted = feed.Wants;
            feed.Epoch = channel.Log.Epoch;
            channel.Fill(feed, int.MaxValue);
            Post(feed);
            Review(channel);
            return;
        }
        feed.AtRest = true;
        feed.Wanted = feed.Wants;
        loop.Run(channel);
    }

    public void Remove(Feed feed)
    {
        Channel channel = _channels[feed.Channel];
        channel.Feeds.Remove(feed);
        Review(channel);
    }

    /// <summary>Sends a filled feed on its way to the mirror.</summary>
    public void Post(Feed feed)
    {
        feed.AtRest = false;
        feed.ToOwner = false;
        loop.PostTo(feed.Hub.Loop, feed);
    }

    private static bool IsCovered(ChannelLog? log, Position since, bool reverse)
    {
        if (log is null)
        {
            return !since.Epoch.IsGiven && since.Offset == 0;
        }
        return log.MayHave(since.Epoch) && since.Offset <= log.TopOffset && (reverse || log.CoversFrom(since.Offset));
    }

    private static List<Entry> Select(ChannelLog log, HistoryRequest request)
    {
        List<Entry> selected = [];
        int step = request.Reverse ? -1 : 1;
        int index = request.Reverse
            ? (request.Since is { } before ? log.KeptIndexAfter(Math.Max(before.Offset, 1) - 1) : log.KeptCount) - 1
            : log.KeptIndexAfter(request.Since?.Offset ?? 0);
        int bytes = 0;
        for (; index >= 0 && index < log.KeptCount && selected.Count < request.Limit; index += step)
        {
            Entry entry = log.KeptAt(index);
            bytes += entry.BodyBytes;
            if (selected.Count > 0 && bytes > request.BytesMax)
            {
                break;
            }
            selected.Add(entry);
        }
        return selected;
    }

    private Channel Ensure(string name, ChannelOptions options)
    {
        if (!_channels.TryGetValue(name, out Channel? channel))
        {
            channel = new Channel(this, name, options, NewEpoch());
            _channels.Add(name, channel);
        }
        return channel;
    }

    private Epoch NewEpoch()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        loop.Random(bytes);
        return new Epoch(BitConverter.ToUInt64(bytes) >> 1 | 1); // neither "not said" nor "no log has it"
    }

    private void Append(Channel channel, in EntryFacts told, ulong offset, ReadOnlySpan<byte> data)
    {
        WireFormats wanted = channel.Wanted;
        EntryForm? protobuf = (wanted & WireFormats.Protobuf) != 0 ? Encode(channel, WireFormat.Protobuf, told, offset, data) : null;
        EntryForm? json = protobuf is null || (wanted & WireFormats.Json) != 0 ? Encode(channel, WireFormat.Json, told, offset, data) : null;
        channel.Log.Append(new Entry(channel.Log.Tip + 1, offset, loop.Now, told, json ?? protobuf!, json is null ? null : protobuf));
        loop.Run(channel);
    }

    private EntryForm Encode(Channel channel, WireFormat format, in EntryFacts told, ulong offset, ReadOnlySpan<byte> data)
    {
        EncodedPush push = _encoders[(int)format].Encode(told, offset, data);
        return EntryForm.Of(format, channel.EncoderOf(format).Encode(format.Opcode, push.Payload, loop.Buffers), push);
    }

    /// <summary>Trims the log, forgets a channel that has been idle for long enough, and sees to the next time.</summary>
    public void Review(Channel channel)
    {
        long now = loop.Now;
        ulong floors = channel.Log.KeptFloor + channel.Log.LiveFloor;
        long due = channel.Log.Trim(channel.Options, now, channel.Given);
        if (channel.Log.KeptFloor + channel.Log.LiveFloor != floors)
        {
            loop.Run(channel); // the mirrors follow
        }
        if (!channel.IsIdle)
        {
            channel.IdleSinceMs = null;
        }
        else
        {
            channel.IdleSinceMs ??= now;
            due = channel.IdleSinceMs.Value + channel.PositionTtlMs;
            if (due <= now)
            {
                _channels.Remove(channel.Name);
                channel.DueMs = long.MaxValue;
                return;
            }
        }
        if (due < channel.DueMs)
        {
            channel.DueMs = due;
            _due.Enqueue(channel, due);
            if (due < _alarmMs)
            {
                _alarmMs = due;
                loop.RunAt(new ReviewDue(this, due), due);
            }
        }
    }

    // Review of what is due. One alarm counts, the earliest; one that an earlier one has replaced does nothing.
    private sealed class ReviewDue(ChannelOwner owner, long dueMs) : LoopMessage
    {
        public override void Run()
        {
            if (dueMs != owner._alarmMs)
            {
                return;
            }
            long now = owner.Loop.Now;
            while (owner._due.TryPeek(out Channel? channel, out long due) && due <= now)
            {
                owner._due.Dequeue();
                if (channel.DueMs == due) // else the channel has been moved since
                {
                    channel.DueMs = long.MaxValue;
                    owner.Review(channel); // sets no alarm: the present one is still the earliest
                }
            }
            owner._alarmMs = long.MaxValue;
            if (owner._due.TryPeek(out _, out long next))
            {
                owner._alarmMs = next;
                owner.Loop.RunAt(new ReviewDue(owner, next), next);
            }
        }
    }
}
