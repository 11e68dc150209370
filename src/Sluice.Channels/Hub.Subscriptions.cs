using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

// How a subscription begins, recovers and ends.
public sealed partial class Hub
{
    private const long FlagRefuseLostPosition = 2;

    private Outcome Subscribe(int session, in ClientCommand command, string channel, ChannelOptions options, int existing)
    {
        if (!command.Delta.IsEmpty && !command.Delta.SequenceEqual("fossil"u8))
        {
            return Over(session, DisconnectCode.BadRequest);
        }
        CommandError error = Judge(session, command, options, existing);
        if (error.IsError)
        {
            return Refuse(command, error);
        }
        Handle handle = AddSubscription(session, channel, options);
        RecoveryRequest recovery = new(command.Recover && options.HasHistory, new Position(Epoch.Parse(command.Epoch), command.Offset), (command.Flag & FlagRefuseLostPosition) != 0);
        Mirror mirror = _mirrorOf[handle.Index]!;
        if (MustWait(mirror, recovery, null))
        {
            _subscriptions[handle.Index].Flags |= SubscriptionFlags.Pending;
            Await(new PendingSubscribe(this, mirror, handle, command.Id, recovery));
        }
        else
        {
            Complete(handle.Index, command.Id, recovery, _replies);
        }
        return Outcome.Next;
    }

    private CommandError Judge(int session, in ClientCommand command, ChannelOptions options, int existing)
    {
        if (existing >= 0)
        {
            return CommandError.AlreadySubscribed;
        }
        if (command.HasFilter)
        {
            return CommandError.BadRequest; // no namespace allows one
        }
        // A token is for a key that none is configured for; another type than a stream is not this namespace's.
        if (options.Subscribe == Access.Nobody || !command.Token.IsEmpty || command.Type != 0)
        {
            return CommandError.PermissionDenied;
        }
        return _sessions[session].SubscriptionCount >= _options.SubscriptionsMax ? CommandError.LimitExceeded : default;
    }

    private Outcome Unsubscribe(in ClientCommand command, int subscription)
    {
        if (subscription >= 0)
        {
            EndSubscription(subscription);
        }
        _replies.Empty(command.Id, Fields.Reply.Unsubscribe);
        return Outcome.Next;
    }

    private Handle AddSubscription(int session, string channel, ChannelOptions options)
    {
        Handle handle = _subscriptions.Add();
        ref Subscription row = ref _subscriptions[handle.Index];
        ref Session owner = ref _sessions[session];
        row.Session = session;
        row.Next = owner.FirstSubscription;
        row.Flags = options.HasHistory ? SubscriptionFlags.Positioned : SubscriptionFlags.None;
        owner.FirstSubscription = handle.Index;
        owner.SubscriptionCount++;
        if (!_mirrors.TryGetValue(channel, out Mirror? mirror))
        {
            mirror = new Mirror(this, channel, options);
            _mirrors.Add(channel, mirror);
        }
        _mirrorOf[handle.Index] = mirror;
        row.ReaderIndex = mirror.AddReader(handle.Index, owner.Format);
        if (mirror.Feed is null)
        {
            mirror.Feed = new Feed(mirror, this);
            HandOver(mirror.Feed);
        }
        return handle;
    }

    // A reader may come from another loop with a position that this loop's mirror has not reached. Whether there is such a
    // position the owner knows; if there is, the feed will bring it.
    private static bool MustWait(Mirror mirror, in RecoveryRequest recovery, Position? ownersTop)
    {
        if (mirror.Log is not { } log)
        {
            return true;
        }
        Position since = recovery.Since;
        bool ahead = recovery.Asked && since.Offset > log.TopOffset && log.MayHave(since.Epoch);
        return ahead && (ownersTop is null || since.Offset <= ownersTop.Value.Offset);
    }

    private void Await(PendingSubscribe pending)
    {
        Mirror mirror = pending.Mirror;
        (mirror.Waiting ??= []).Add(pending);
        if (mirror.Log is not null && !pending.AsksOwner)
        {
            pending.AsksOwner = true;
            _broker.ReadHistory(new HistoryRequest { Channel = mirror.Name, Options = mirror.Options, Limit = 0, BytesMax = 0, Asker = pending });
        }
    }

    private void CompleteWaiting(Mirror mirror)
    {
        List<PendingSubscribe>? waiting = mirror.Waiting;
        mirror.Waiting = null;
        foreach (PendingSubscribe pending in waiting ?? [])
        {
            Continue(pending, mirror);
        }
    }

    /// <summary>The owner has told where its log ends.</summary>
    internal void Continue(PendingSubscribe pending)
    {
        Mirror mirror = pending.Mirror;
        if (mirror.Waiting?.Remove(pending) == true)
        {
            Continue(pending, mirror);
        }
    }

    private void Continue(PendingSubscribe pending, Mirror mirror)
    {
        if (!_subscriptions.Contains(pending.Subscription))
        {
            return;
        }
        if (MustWait(mirror, pending.Recovery, pending.OwnersTop))
        {
            Await(pending);
            return;
        }
        int subscription = pending.Subscription.Index;
        int session = _subscriptions[subscription].Session;
        _subscriptions[subscription].Flags &= ~SubscriptionFlags.Pending;
        Complete(subscription, pending.CommandId, pending.Recovery, DialectOf(session).BeginAside());
        SendAside(session);
        ExecuteHeld(session);
    }

    // Writes the reply and places the cursor. Recovering is reading on from an earlier position: what fits goes with the
    // reply, the rest follows like any other publication.
    private void Complete(int subscription, uint commandId, in RecoveryRequest recovery, ReplyEncoder replies)
    {
        ref Subscription row = ref _subscriptions[subscription];
        Mirror mirror = _mirrorOf[subscription]!;
        ChannelLog log = mirror.Log!;
        PublicationEncoder publications = DialectOf(row.Session).Publications;
        row.Cursor = log.Tip;
        SubscribeResult result = new(mirror.Options.HasHistory ? log : null, log.TopOffset, recovery.Asked, false, 0, 0);
        if (recovery.Asked)
        {
            Position since = recovery.Since;
            bool allowed = mirror.Options.History != Access.Nobody;
            bool covered = allowed && log.MayHave(since.Epoch) && log.CoversFrom(since.Offset);
            if (covered)
            {
                int from = log.KeptIndexAfter(since.Offset);
                int end = EndOfReply(log, from, replies.Length, publications);
                row.Cursor = end == log.KeptCount ? log.Tip : log.KeptAt(end).Sequence - 1;
                result = result with { Recovered = true, Offset = since.Offset, RecoveredFrom = from, RecoveredEnd = end };
            }
            else if (recovery.RefusalWanted)
            {
                EndSubscription(subscription);
                replies.Error(commandId, CommandError.UnrecoverablePosition);
                return;
            }
        }
        replies.Subscribe(commandId, result, publications);
        if (mirror.Options.Presence || mirror.Options.JoinLeave)
        {
            row.Flags |= SubscriptionFlags.Present;
            ChangePresence(row.Session, mirror, joined: true);
        }
    }

    // What is recovered goes with the reply only as far as there is room beside the other replies of the same message.
    private int EndOfReply(ChannelLog log, int from, int bytes, PublicationEncoder publications)
    {
        int end = from;
        for (; end < log.KeptCount; end++)
        {
            bytes += log.KeptAt(end).BodyIn(publications).Length;
            if (bytes > _options.RecoveryReplyBytesMax)
            {
                break;
            }
        }
        return end;
    }

    private void EndSubscription(int subscription)
    {
        ref Subscription row = ref _subscriptions[subscription];
        Mirror mirror = _mirrorOf[subscription]!;
        ref Session session = ref _sessions[row.Session];
        Unlink(ref session, subscription);
        session.SubscriptionCount--;
        if ((row.Flags & SubscriptionFlags.Present) != 0)
        {
            ChangePresence(row.Session, mirror, joined: false);
        }
        int moved = mirror.RemoveReader(row.ReaderIndex, session.Format);
        if (moved >= 0)
        {
            _subscriptions[moved].ReaderIndex = row.ReaderIndex;
        }
        _mirrorOf[subscription] = null;
        _subscriptions.Remove(subscription);
        if (mirror.ReaderCount == 0)
        {
            _mirrors.Remove(mirror.Name);
            _broker.Detach(mirror.Feed!);
            mirror.Feed = null;
        }
    }

    private void Unlink(ref Session session, int subscription)
    {
        int following = _subscriptions[subscription].Next;
        if (session.FirstSubscription == subscription)
        {
            session.FirstSubscription = following;
            return;
        }
        int before = session.FirstSubscription;
        while (_subscriptions[before].Next != subscription)
        {
            before = _subscriptions[before].Next;
        }
        _subscriptions[before].Next = following;
    }

    private int FindSubscription(int session, string channel)
    {
        int subscription = _sessions[session].FirstSubscription;
        while (subscription >= 0 && !string.Equals(_mirrorOf[subscription]!.Name, channel, StringComparison.Ordinal))
        {
            subscription = _subscriptions[subscription].Next;
        }
        return subscription;
    }

    private void ChangePresence(int session, Mirror mirror, bool joined) => _broker.ChangePresence(new PresenceChange
    {
        Channel = mirror.Name,
        Options = mirror.Options,
        Client = InfoOf(session),
        Joined = joined,
        Asker = this,
        Session = Ask(session),
    });
}
