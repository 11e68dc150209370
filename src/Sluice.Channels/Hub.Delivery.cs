using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

// From the owner's feeds to the readers' cursors, and from there to the connection.
public sealed partial class Hub
{
    /// <inheritdoc/>
    public override bool Fill(Handle connection, SendBatch batch)
    {
        ref Session session = ref _sessions[_loop.EndpointState(connection)];
        int next = session.FirstSubscription;
        while (next >= 0)
        {
            int subscription = next;
            next = _subscriptions[subscription].Next;
            if (ReadOn(subscription, batch))
            {
                MoveLast(ref session, subscription); // a channel that fills batches lets the session's others go first
                return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public override void Rewind(Handle cursor, ulong position)
    {
        if (_subscriptions.Contains(cursor))
        {
            _subscriptions[cursor.Index].Cursor = position;
        }
    }

    /// <summary>Gives a reader its turn.</summary>
    internal void ServeReader(int subscription)
    {
        ref Subscription row = ref _subscriptions[subscription];
        if (row.Cursor < _mirrorOf[subscription]!.Log!.Tip)
        {
            _loop.ServeReader(_sessions[row.Session].Connection);
        }
    }

    /// <summary>A feed arrived with what comes next.</summary>
    internal void Take(Feed feed)
    {
        Mirror mirror = feed.Mirror;
        if (mirror.Feed != feed)
        {
            return; // of an attachment that has ended
        }
        ChannelLog log = mirror.Log ??= new ChannelLog(feed.Epoch);
        mirror.RaiseFloors(feed.KeptFloor, feed.LiveFloor);
        bool hasEntries = feed.Entries.Count > 0;
        foreach (Entry entry in feed.Entries)
        {
            log.Append(entry);
        }
        feed.Entries.Clear();
        log.Follow(feed.Cursor, feed.TopOffset);
        CompleteWaiting(mirror);
        if (mirror.Feed == feed)
        {
            if (hasEntries)
            {
                mirror.Announce();
            }
            HandOver(feed);
        }
    }

    private void HandOver(Feed feed)
    {
        feed.Wants = feed.Mirror.Wants;
        _broker.Next(feed);
    }

    // Reads one cursor on; true when the batch is full.
    private bool ReadOn(int subscription, SendBatch batch)
    {
        ref Subscription row = ref _subscriptions[subscription];
        Mirror mirror = _mirrorOf[subscription]!;
        if ((row.Flags & SubscriptionFlags.Pending) != 0 || mirror.Log is not { } log)
        {
            return false;
        }
        if (row.Cursor < log.KeptFloor && (row.Flags & SubscriptionFlags.Positioned) != 0)
        {
            EndLost(subscription, mirror);
            return false;
        }
        PublicationEncoder encoder = DialectOf(row.Session).Publications;
        Handle cursor = _subscriptions.HandleAt(subscription);
        while (log.TryNext(row.Cursor, out Entry entry))
        {
            if (!batch.TryAddShared(entry.MessageIn(encoder), cursor, row.Cursor))
            {
                return true;
            }
            row.Cursor = entry.Sequence;
        }
        row.Cursor = log.Tip;
        return false;
    }

    // The reader fell behind what is kept. It is told, and comes back with the position that it has.
    private void EndLost(int subscription, Mirror mirror)
    {
        int session = _subscriptions[subscription].Session;
        EndSubscription(subscription);
        DialectOf(session).BeginAside().UnsubscribePush(mirror.Name, UnsubscribeCode.InsufficientState);
        SendAside(session);
    }

    private void MoveLast(ref Session session, int subscription)
    {
        if (_subscriptions[subscription].Next < 0)
        {
            return;
        }
        int last = subscription;
        while (_subscriptions[last].Next >= 0)
        {
            last = _subscriptions[last].Next;
        }
        Unlink(ref session, subscription);
        _subscriptions[subscription].Next = -1;
        _subscriptions[last].Next = subscription;
    }
}
