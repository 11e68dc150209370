using Sluice.Protocol;

namespace Sluice.Loop;

// A few bytes may be many frames, or inflate to many bytes. A connection that has had its share of a turn leaves the rest of its
// input for the next, and nothing more is read of it until then.
public sealed partial class EventLoop
{
    private const int PostponedQuantum = 16; // connections in a turn

    private readonly Queue<Handle> _postponed = new();

    private void Postpone(Handle connection, ref Connection row, ReadOnlySpan<byte> rest)
    {
        InboxOf(ref row).AddLater(rest, Buffers);
        SetReadingFlag(connection, ConnectionFlags.Postponed, true);
        QueuePostponed(connection);
    }

    // If something of it waits, and it does not wait for its turn already.
    private void QueuePostponed(Handle connection)
    {
        int number = _connections[connection.Index].Inbox;
        if (number != 0 && _inboxes[number] is { Later: not null, IsQueued: false } inbox)
        {
            inbox.IsQueued = true;
            _postponed.Enqueue(connection);
        }
    }

    // What had been read of a connection before it was disarmed goes behind what waits.
    private bool TryPostpone(Handle connection, in Completion completion)
    {
        ref Connection row = ref _connections[connection.Index];
        bool waits = (row.Flags & ConnectionFlags.Postponed) != 0;
        if (waits)
        {
            _inboxes[row.Inbox].AddLater(completion.Buffer.AsSpan(completion.Offset, completion.Count), Buffers);
        }
        return waits;
    }

    private void ServePostponed()
    {
        for (int i = Math.Min(_postponed.Count, PostponedQuantum); i > 0; i--)
        {
            Handle connection = _postponed.Dequeue();
            if (!_connections.Contains(connection) || (_connections[connection.Index].Flags & ConnectionFlags.Postponed) == 0)
            {
                continue;
            }
            ref Connection row = ref _connections[connection.Index];
            _inboxes[row.Inbox].IsQueued = false;
            if ((row.Flags & ConnectionFlags.Held) == 0) // else it is queued again when it is resumed
            {
                ReceiveAgain(connection);
                EndOver();
            }
        }
    }

    private void ReceiveAgain(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        Inbox inbox = _inboxes[row.Inbox];
        (byte[] later, Range range) = (inbox.Later!, inbox.LaterRange);
        (inbox.Later, inbox.LaterRange) = (null, default); // nobody returns it while it is read
        ReturnIfEmpty(ref row);
        Begin(connection);
        Span<byte> input = later.AsSpan(range);
        if (ReadFrames(connection, ref row, input))
        {
            KeepTail(ref row, input);
            Buffers.Return(later);
            SetReadingFlag(connection, ConnectionFlags.Postponed, false);
        }
        else
        {
            inbox = InboxOf(ref row);
            (inbox.Later, inbox.LaterRange) = (later, (range.End.Value - row.Protocol.Unread)..range.End);
            QueuePostponed(connection);
        }
        End(connection);
    }
}
