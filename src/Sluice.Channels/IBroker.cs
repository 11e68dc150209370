namespace Sluice.Channels;

/// <summary>Where the channels' logs and presences live, as the loops of a node see it.</summary>
/// <remarks>
/// <para>Everything is asked and nothing is waited for: an answer is an event in the asker's mailbox, or in whatever
/// <see cref="IAsker"/> makes of it. Requests of one loop for one channel are served in the order in which they were made.</para>
/// <para>The promise: a publication that is acknowledged has its place in the log; every attached feed receives every later
/// entry once, in order, or a floor that says what was dropped before it was read.</para>
/// </remarks>
public interface IBroker
{
    /// <summary>Appends to a channel's log; answered with the position.</summary>
    void Publish(PublishRequest request);

    /// <summary>Reads a channel's kept publications.</summary>
    void ReadHistory(HistoryRequest request);

    /// <summary>Reads who is in a channel.</summary>
    void ReadPresence(PresenceRequest request);

    /// <summary>Tells that a connection came to, or left, a channel. The answer is the asker's credit for further ones.</summary>
    void ChangePresence(PresenceChange change);

    /// <summary>Hands a feed to the channel's owner: the first time to attach it, later to ask for what comes next.</summary>
    void Next(Feed feed);

    /// <summary>Ends a feed. One that is on its way to the mirror arrives there and is dropped.</summary>
    void Detach(Feed feed);
}

/// <summary>Who is told of a request's answer.</summary>
public interface IAsker
{
    /// <summary>The request has its answer. Called on the owner's loop: pass it on, do not work here.</summary>
    void Answered(ChannelRequest request);
}
