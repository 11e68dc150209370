using Sluice.Channels;

namespace Sluice.Simulator;

/// <summary>Loses a feed on its way back to the owner: the mirror hears nothing more.</summary>
internal sealed class LostFeed : Canary
{
    public override IBroker Around(IBroker broker) => new Faulty(broker);

    private sealed class Faulty(IBroker inner) : ForwardingBroker(inner)
    {
        private readonly HashSet<Feed> _attached = [];
        private Countdown _countdown = new(20);

        public override void Next(Feed feed)
        {
            if (_attached.Add(feed) || !_countdown.IsUp())
            {
                Inner.Next(feed);
            }
        }
    }
}

/// <summary>Does not tell the owner that a mirror has ended.</summary>
internal sealed class LostDetach : Canary
{
    public override IBroker Around(IBroker broker) => new Faulty(broker);

    private sealed class Faulty(IBroker inner) : ForwardingBroker(inner)
    {
        private Countdown _countdown = new(10);

        public override void Detach(Feed feed)
        {
            if (!_countdown.IsUp())
            {
                Inner.Detach(feed);
            }
        }
    }
}

/// <summary>Publishes something twice.</summary>
internal sealed class DoublePublish : Canary
{
    public override IBroker Around(IBroker broker) => new Faulty(broker);

    private sealed class Faulty(IBroker inner) : ForwardingBroker(inner), IAsker
    {
        private Countdown _countdown = new(20);

        public override void Publish(PublishRequest request)
        {
            Inner.Publish(request);
            if (_countdown.IsUp())
            {
                Inner.Publish(new PublishRequest
                {
                    Channel = request.Channel,
                    Options = request.Options,
                    Asker = this,
                    Data = request.Data,
                    Publisher = request.Publisher,
                });
            }
        }

        public void Answered(ChannelRequest request)
        {
        }
    }
}

/// <summary>Lets a publication overtake the one before it.</summary>
internal sealed class SwappedPublish : Canary
{
    public override IBroker Around(IBroker broker) => new Faulty(broker);

    private sealed class Faulty(IBroker inner) : ForwardingBroker(inner)
    {
        private Countdown _countdown = new(10);
        private PublishRequest? _heldBack;

        public override void Publish(PublishRequest request)
        {
            if (_heldBack is null && _countdown.IsUp())
            {
                _heldBack = request;
                return;
            }
            Inner.Publish(request);
            if (_heldBack is { } earlier && earlier.Channel == request.Channel)
            {
                _heldBack = null;
                Inner.Publish(earlier);
            }
        }
    }
}

/// <summary>Does not tell the owner that somebody has left.</summary>
internal sealed class LostLeave : Canary
{
    public override IBroker Around(IBroker broker) => new Faulty(broker);

    private sealed class Faulty(IBroker inner) : ForwardingBroker(inner)
    {
        private Countdown _countdown = new(10);

        public override void ChangePresence(PresenceChange change)
        {
            if (change.Joined || !_countdown.IsUp())
            {
                Inner.ChangePresence(change);
            }
        }
    }
}

/// <summary>Passes everything on; a canary overrides what it spoils.</summary>
internal abstract class ForwardingBroker(IBroker inner) : IBroker
{
    protected IBroker Inner { get; } = inner;

    public virtual void Publish(PublishRequest request) => Inner.Publish(request);

    public void ReadHistory(HistoryRequest request) => Inner.ReadHistory(request);

    public void ReadPresence(PresenceRequest request) => Inner.ReadPresence(request);

    public virtual void ChangePresence(PresenceChange change) => Inner.ChangePresence(change);

    public virtual void Next(Feed feed) => Inner.Next(feed);

    public virtual void Detach(Feed feed) => Inner.Detach(feed);
}
