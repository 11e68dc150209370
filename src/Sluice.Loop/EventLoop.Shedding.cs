using Sluice.Protocol;

namespace Sluice.Loop;

// Over the memory budget peers are let go, those first who cost most and deserve least. Whoever costs anything has a watch, so these
// are all that is looked at.
public sealed partial class EventLoop
{
    private const int ShedMax = 8; // in one turn
    private const int ShedLooksMax = 1024; // for each of them
    private const int ShedSendsMax = 64 << 10; // what a peer that is shed may still have to take before its close frame

    private int _shedNext;

    // From the least deserving on, the last goes first.
    private enum Burden
    {
        None,
        Head,
        Message,
        Unsent,
    }

    /// <summary>What this loop holds for its peers at this moment, as <see cref="EventLoopOptions.MemoryBytesMax"/> counts it.</summary>
    public long MemoryBytes => Buffers.RentedBytes + ((_batches.RentedCount - 1L) * SendBatch.BytesMax);

    private void Shed()
    {
        for (int i = 0; i < ShedMax && _options.MemoryBytesMax > 0 && MemoryBytes > _options.MemoryBytesMax; i++)
        {
            if (!TryFindHeaviest(out Handle connection, out Burden burden))
            {
                return; // what is held is held for somebody else
            }
            LetGo(connection, burden);
            EndOver();
        }
    }

    // The heaviest of those next in turn: of a few it is the heaviest of all.
    private bool TryFindHeaviest(out Handle heaviest, out Burden burden)
    {
        (heaviest, burden) = (default, Burden.None);
        long most = 0;
        for (int looks = Math.Min(_watches.IndexEnd, ShedLooksMax); looks > 0; looks--)
        {
            _shedNext = _shedNext + 1 < _watches.IndexEnd ? _shedNext + 1 : 0;
            if (!_watches.IsLive(_shedNext))
            {
                continue;
            }
            Handle connection = _watches[_shedNext].Connection;
            (Burden kind, long bytes) = BurdenOf(connection, _connections[connection.Index]);
            if (kind > burden || (kind == burden && bytes > most))
            {
                (heaviest, burden, most) = (connection, kind, bytes);
            }
        }
        return burden != Burden.None;
    }

    private (Burden Burden, long Bytes) BurdenOf(Handle connection, in Connection row)
    {
        long unsent = row.Outbox == 0 ? 0 : _outboxes[row.Outbox].PrivateBytes;
        unsent += row.PendingBatch == 0 ? 0 : SendBatch.BytesMax;
        unsent += _afterParts.TryGetValue(connection, out Outbox? waiting) ? waiting.PrivateBytes : 0;
        if (unsent > 0 && row.State != ConnectionState.Broken && (row.Flags & ConnectionFlags.Blocked) != 0)
        {
            return (Burden.Unsent, unsent);
        }
        int held = row.State > ConnectionState.Open || row.Inbox == 0 ? 0 : _inboxes[row.Inbox].HeldBytes;
        return (held == 0 ? Burden.None : row.State == ConnectionState.Open ? Burden.Message : Burden.Head, held);
    }

    private void LetGo(Handle connection, Burden burden)
    {
        ref Connection row = ref _connections[connection.Index];
        if (row.State > ConnectionState.Open)
        {
            Break(connection, CloseCodes.Abnormal); // it was told to go already, and takes too long
            return;
        }
        if (burden == Burden.Head)
        {
            RefuseAtOnce(connection, 503, "The server is short of memory.");
            return;
        }
        if (_afterParts.Remove(connection, out Outbox? waiting))
        {
            waiting.Clear(Buffers);
        }
        if (row.Outbox != 0)
        {
            _outboxes[row.Outbox].DropOldest(0);
            _outboxes[row.Outbox].Shrink(Buffers);
        }
        if (row.Outbox != 0 && _outboxes[row.Outbox].PrivateBytes > ShedSendsMax)
        {
            Break(connection, CloseCodes.TryAgainLater); // in the middle of a large message, so that no frame can be sent
            return;
        }
        Dismiss(connection, CloseCodes.TryAgainLater, "try again later"u8);
    }
}
