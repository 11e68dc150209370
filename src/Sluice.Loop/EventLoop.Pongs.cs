namespace Sluice.Loop;

// Of the pongs that a peer has not taken the latest is enough (RFC 6455, 5.5.3). It lies beside what waits and takes the place of the
// one before, so that pings of a peer that takes nothing make nothing grow.
public sealed partial class EventLoop
{
    private const byte PongBeginning = 0x8A;

    // Whether the frame that was just written, and not committed, is a pong that has to wait; then it is kept aside.
    private bool TryKeepPong(Handle connection, int count)
    {
        ref Connection row = ref _connections[connection.Index];
        bool goesToBatch = GoesToBatch(connection, row);
        if (goesToBatch && (row.Inbox == 0 || _inboxes[row.Inbox].Pong.IsEmpty))
        {
            return false;
        }
        ReadOnlySpan<byte> frame = (goesToBatch ? _batch.FreeBytes : _outboxes[row.Outbox].Reserve(count, Buffers))[..count];
        if (frame[0] != PongBeginning)
        {
            return false;
        }
        InboxOf(ref row).KeepPong(frame, Buffers);
        if (row.Outbox != 0 && _outboxes[row.Outbox].IsEmpty)
        {
            ReturnOutbox(ref row);
        }
        Wake(connection);
        return true;
    }

    // False when something goes before it. It goes alone, so that it is the latest, and not one of those that are sent again.
    private bool TryAddPong(ref Connection row)
    {
        if (row.Inbox == 0 || _inboxes[row.Inbox].Pong is not { Length: > 0 } pong)
        {
            return true;
        }
        if (_batch.Length > 0)
        {
            return false;
        }
        pong.CopyTo(_batch.FreeBytes);
        _batch.CommitPrivate(pong.Length, boundary: 0);
        _inboxes[row.Inbox].DropPong(Buffers);
        ReturnIfEmpty(ref row);
        return true;
    }
}
