using System.IO.Hashing;
using System.Runtime.InteropServices;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>The broker of a single node: the loops themselves, each the owner of its share of the channels.</summary>
/// <remarks>A channel's owner follows from a fixed hash of its name, the same in every process.</remarks>
public sealed class MemoryBroker : IBroker
{
    private readonly ChannelOwner[] _owners;
    private readonly EventLoop? _from;

    /// <summary>Makes owners of these loops; others may ask too. This face of the broker is for whoever is on none of them.</summary>
    public MemoryBroker(IReadOnlyList<EventLoop> owners)
        : this([.. owners.Select(static loop => new ChannelOwner(loop))], null)
    {
    }

    private MemoryBroker(ChannelOwner[] owners, EventLoop? from)
    {
        _owners = owners;
        _from = from;
    }

    /// <summary>The same broker for one who asks from a loop: what stays on that loop needs no waking.</summary>
    public MemoryBroker From(EventLoop loop) => new(_owners, loop);

    /// <summary>How many channels, feeds and present connections the owners hold. Exact only while no loop runs.</summary>
    public BrokerResources Resources =>
        new(_owners.Sum(static owner => owner.ChannelCount), _owners.Sum(static owner => owner.FeedCount), _owners.Sum(static owner => owner.PresentCount));

    /// <inheritdoc/>
    public void Publish(PublishRequest request) => Ask(request);

    /// <inheritdoc/>
    public void ReadHistory(HistoryRequest request) => Ask(request);

    /// <inheritdoc/>
    public void ReadPresence(PresenceRequest request) => Ask(request);

    /// <inheritdoc/>
    public void ChangePresence(PresenceChange change) => Ask(change);

    /// <inheritdoc/>
    public void Next(Feed feed)
    {
        feed.Owner ??= OwnerOf(feed.Channel);
        feed.ToOwner = true;
        Post(feed.Owner, feed);
    }

    /// <inheritdoc/>
    public void Detach(Feed feed) => Post(feed.Owner!, new FeedEnd(feed));

    /// <summary>How many channels that a loop owns have a mirror. On that loop.</summary>
    internal int CountOccupied(EventLoop loop) => _owners.FirstOrDefault(owner => owner.Loop == loop)?.OccupiedCount ?? 0;

    private void Ask(ChannelRequest request)
    {
        request.Owner = OwnerOf(request.Channel);
        Post(request.Owner, request);
    }

    private void Post(ChannelOwner owner, LoopMessage message)
    {
        if (_from is null)
        {
            owner.Loop.Post(message);
        }
        else
        {
            _from.PostTo(owner.Loop, message);
        }
    }

    private ChannelOwner OwnerOf(string channel) =>
        _owners[XxHash3.HashToUInt64(MemoryMarshal.AsBytes(channel.AsSpan())) % (ulong)_owners.Length];
}

/// <summary>What the owners hold at a moment.</summary>
/// <param name="Channels">Channels, those included of which only the position is remembered.</param>
/// <param name="Feeds">Mirrors attached.</param>
/// <param name="Present">Connections in presences.</param>
public readonly record struct BrokerResources(int Channels, int Feeds, int Present);
