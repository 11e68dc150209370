using System.Diagnostics.CodeAnalysis;
using Sluice.Protocol;

namespace Sluice.Loop;

// From what is owed to a peer to one send. While an event of a connection is handled (Begin to End), what is owed to it
// gathers in the batch at hand; what is owed to another connection, or to one that is blocked, goes to its outbox.
public sealed partial class EventLoop
{
    private int _batchNumber;
    private SendBatch _batch; // the one at hand
    private Handle _current;
    private bool _filling; // a batch that is being filled is not sent under its filler's hands

    /// <summary>Lets a connection's cursors read on: <see cref="Endpoint.Fill"/> is asked as soon as its turn comes.</summary>
    public void Wake(Handle connection)
    {
        if (_connections.Contains(connection))
        {
            ref Connection row = ref _connections[connection.Index];
            if ((row.Flags & (ConnectionFlags.Woken | ConnectionFlags.Blocked)) == 0)
            {
                row.Flags |= ConnectionFlags.Woken;
                _woken.Enqueue(connection);
            }
        }
    }

    /// <summary>Sends a connection what waits for it and what its cursors have, now, unless it is blocked.</summary>
    /// <remarks>For a run item that serves many readers; a single one is better woken.</remarks>
    public void ServeReader(Handle connection)
    {
        if (_connections.Contains(connection) && (_connections[connection.Index].Flags & ConnectionFlags.Blocked) == 0)
        {
            Begin(connection);
            End(connection);
        }
    }

    private void Begin(Handle connection)
    {
        Invariant.Check(_current == default && _batch.Length == 0, "one connection's event is handled at a time");
        _current = connection;
        _outgoing.Target = connection;
        ref Connection row = ref _connections[connection.Index];
        _batch.Begin(row.Protocol.Deflate, WindowOf(row));
    }

    private void End(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        if ((row.Flags & ConnectionFlags.Blocked) == 0 && row.State != ConnectionState.Broken)
        {
            bool more = FillBatch(connection, ref row);
            Flush(connection, ref row);
            TellDrained(connection, ref row);
            if ((row.Flags & ConnectionFlags.Choked) != 0 && (row.Outbox == 0 || _outboxes[row.Outbox].PrivateBytes <= _options.UnsentBytesHigh / 2))
            {
                SetReadingFlag(connection, ConnectionFlags.Choked, false);
            }
            if ((row.Flags & ConnectionFlags.Blocked) == 0)
            {
                NoteCaughtUp(connection, row);
            }
            FinishIfSent(connection, ref row);
            if (more)
            {
                Wake(connection);
            }
        }
        _batch.Clear();
        _current = default;
    }

    // What waits goes first; cursors are read only when nothing private waits any more.
    private bool FillBatch(Handle connection, ref Connection row)
    {
        if (row.Outbox != 0)
        {
            Invariant.Check(_batch.Length == 0, "while an outbox waits, replies go into it");
            _outboxes[row.Outbox].MoveTo(_batch, Buffers);
            if (!_outboxes[row.Outbox].IsEmpty)
            {
                return true;
            }
            ReturnOutbox(ref row);
        }
        if (row.State != ConnectionState.Open)
        {
            return false;
        }
        if (!TryAddPong(ref row))
        {
            return true;
        }
        if ((row.Flags & ConnectionFlags.InParts) != 0)
        {
            return false;
        }
        _filling = true;
        bool more = _endpoints[row.Endpoint].Fill(connection, _batch);
        _filling = false;
        return more;
    }

    // What the endpoint sends in answer goes out before the event is over.
    private void TellDrained(Handle connection, ref Connection row)
    {
        if ((row.Flags & (ConnectionFlags.OwesDrained | ConnectionFlags.Blocked)) == ConnectionFlags.OwesDrained
            && row.Outbox == 0 && row.State == ConnectionState.Open)
        {
            row.Flags &= ~ConnectionFlags.OwesDrained;
            _endpoints[row.Endpoint].Drained(connection);
            if ((row.Flags & ConnectionFlags.Blocked) == 0)
            {
                Flush(connection, ref row);
            }
            if ((row.Flags & (ConnectionFlags.OwesDrained | ConnectionFlags.Blocked)) == ConnectionFlags.OwesDrained)
            {
                Wake(connection); // what was sent now has ended a message in parts, and others had waited for that
            }
        }
    }

    // Room for a private piece: in the batch, if it is this connection's and nothing waits before it.
    private Span<byte> Reserve(Handle connection, int count)
    {
        ref Connection row = ref _connections[connection.Index];
        if (GoesToBatch(connection, row))
        {
            if (_batch.FreeBytes.Length < count && !_filling)
            {
                Flush(connection, ref row);
            }
            if (GoesToBatch(connection, row) && _batch.FreeBytes.Length >= count)
            {
                return _batch.FreeBytes;
            }
        }
        return OutboxOf(ref row).Reserve(count, Buffers);
    }

    private void Commit(Handle connection, int count, int boundary)
    {
        ref Connection row = ref _connections[connection.Index];
        if (GoesToBatch(connection, row))
        {
            _batch.CommitPrivate(count, boundary);
            return;
        }
        _outboxes[row.Outbox].Commit(count, boundary);
        Wake(connection);
        // A peer that takes is sent what gathers, rather than judged by it.
        while (row.Outbox != 0 && _outboxes[row.Outbox].PrivateBytes > _options.UnsentBytesHigh
            && (row.Flags & ConnectionFlags.Blocked) == 0 && row.State != ConnectionState.Broken && !(_filling && connection == _current))
        {
            if (_current == default)
            {
                ServeReader(connection);
            }
            else
            {
                FlushOutbox(connection, ref row);
            }
        }
        ChokeIfFull(connection, ref row);
    }

    private bool GoesToBatch(Handle connection, in Connection row) =>
        connection == _current && row.Outbox == 0 && (row.Flags & ConnectionFlags.Blocked) == 0;

    private void Flush(Handle connection, ref Connection row)
    {
        SendBatch batch = _batch;
        if (batch.Length == 0 || row.State == ConnectionState.Broken)
        {
            batch.Clear();
            return;
        }
        SendOutcome outcome = _system.Send(row.Socket, batch.Buffer, batch.Offset, batch.Length);
        KeepWindow(ref row, batch.Window);
        NoteTaken(row, outcome.Count);
        switch (outcome.Status)
        {
            case SendStatus.Done when outcome.Count == batch.Length:
                batch.Clear();
                break;
            case SendStatus.Done:
                Block(connection, ref row);
                Settle(connection, ref row, batch, outcome.Count);
                break;
            case SendStatus.Full:
                Block(connection, ref row);
                batch.Clear();
                break;
            case SendStatus.Pending:
                Block(connection, ref row);
                row.PendingBatch = _batchNumber;
                TakeBatch();
                break;
            case SendStatus.Failed:
                batch.Clear();
                Break(connection, CloseCodes.Abnormal);
                break;
        }
    }

    // Within the event of another connection, or of its own: nobody is asked or told anything.
    private void FlushOutbox(Handle connection, ref Connection row)
    {
        (int number, SendBatch batch) = (_batchNumber, _batch);
        TakeBatch();
        _batch.Begin(row.Protocol.Deflate, WindowOf(row));
        _outboxes[row.Outbox].MoveTo(_batch, Buffers);
        if (_outboxes[row.Outbox].IsEmpty)
        {
            ReturnOutbox(ref row);
        }
        Flush(connection, ref row);
        _batches.Return(_batchNumber);
        (_batchNumber, _batch) = (number, batch);
    }

    [MemberNotNull(nameof(_batch))]
    private void TakeBatch()
    {
        _batchNumber = _batches.Rent();
        _batch = _batches[_batchNumber];
    }

    // A blocked connection's cursors are parked where they are; it is woken when the system has room again.
    private void Block(Handle connection, ref Connection row)
    {
        row.Flags |= ConnectionFlags.Blocked;
        NoteBlocked(connection, ref row);
    }

    private void Settle(Handle connection, ref Connection row, SendBatch batch, int taken)
    {
        if (taken < batch.Length)
        {
            PeerWindow window = batch.GiveBack(taken, OutboxOf(ref row), Buffers, _endpoints[row.Endpoint]);
            // While the batch was pending a compressed reply may have been put behind it, which goes before what was rewound.
            if (WindowOf(row).Last == batch.Window.Last)
            {
                KeepWindow(ref row, window);
            }
            if (_outboxes[row.Outbox].IsEmpty)
            {
                ReturnOutbox(ref row);
            }
            else
            {
                ChokeIfFull(connection, ref row);
            }
        }
        batch.Clear();
    }

    private void OnSent(Handle connection, int count)
    {
        ref Connection row = ref _connections[connection.Index];
        row.Flags &= ~ConnectionFlags.Blocked;
        NoteTaken(row, count);
        if (row.PendingBatch != 0)
        {
            Settle(connection, ref row, _batches[row.PendingBatch], count);
            _batches.Return(row.PendingBatch);
            row.PendingBatch = 0;
        }
        Wake(connection);
    }

    private void ChokeIfFull(Handle connection, ref Connection row)
    {
        if (row.Outbox != 0 && _outboxes[row.Outbox].PrivateBytes > _options.UnsentBytesHigh)
        {
            SetReadingFlag(connection, ConnectionFlags.Choked, true);
        }
    }

    private Outbox OutboxOf(ref Connection row)
    {
        if (row.Outbox == 0)
        {
            row.Outbox = _outboxes.Rent();
        }
        return _outboxes[row.Outbox];
    }

    private void ReturnOutbox(ref Connection row)
    {
        _outboxes[row.Outbox].Clear(Buffers);
        _outboxes.Return(row.Outbox);
        row.Outbox = 0;
    }

    private Outgoing OutgoingFor(Handle connection) => connection == _current ? _outgoing : new Outgoing(this) { Target = connection };
}
