using Sluice.Protocol;

namespace Sluice.Loop;

// The ways a connection ends. Its row is removed, and its endpoint told, only when no callback is running.
public sealed partial class EventLoop
{
    private long? _shutdownAtMs;
    private int _shutdownIndex;

    /// <summary>Starts the closing handshake with a code and a short reason; what already waits for the peer goes first.</summary>
    public void Close(Handle connection, ushort code, ReadOnlySpan<byte> reason)
    {
        if (!_connections.Contains(connection) || _connections[connection.Index].State != ConnectionState.Open)
        {
            return;
        }
        ref Connection row = ref _connections[connection.Index];
        LeaveOpen(connection, ref row, ConnectionState.Closing, code); // first, so that nothing is said behind the close frame
        row.Protocol.WriteClose(OutgoingFor(connection), code, reason);
        if (row.State == ConnectionState.Closing) // else writing it has found the socket broken
        {
            SetDeadline(connection, _options.CloseTimeoutMs);
            Wake(connection);
        }
    }

    /// <summary>The endpoint's own number for a connection, at first what <see cref="Endpoint.InitialState"/> said.</summary>
    public ref int EndpointState(Handle connection)
    {
        Invariant.Check(_connections.Contains(connection), "an endpoint's state is asked of a live connection");
        return ref _connections[connection.Index].EndpointState;
    }

    /// <summary>Sets the endpoint's timer of a connection, or moves it.</summary>
    public void SetTimer(Handle connection, long dueMs)
    {
        if (_connections.Contains(connection) && _connections[connection.Index].State == ConnectionState.Open)
        {
            _timers.Set((connection.Index << 1) | 1, dueMs);
        }
    }

    /// <summary>Accepts no more and closes every connection, spread over <see cref="EventLoopOptions.ShutdownSpreadMs"/>.</summary>
    /// <remarks>To be asked of every loop of a <see cref="LoopGroup"/>, in any order: none stops before the one that accepts has begun.</remarks>
    public void BeginShutdown()
    {
        if (_shutdownAtMs is null)
        {
            _system.StopAccepting();
            _shutdownAtMs = _system.Now;
            Group?.EndDealing(this);
        }
    }

    /// <summary>Ends a shutdown at once: what is left of it is cut off.</summary>
    public void EndShutdown()
    {
        BeginShutdown();
        for (int i = 0; i < _connections.IndexEnd; i++)
        {
            if (_connections.IsLive(i))
            {
                Break(_connections.HandleAt(i), CloseCodes.Abnormal);
            }
        }
        EndOver();
    }

    private long ShutdownTickMs => _shutdownAtMs is null || _shutdownIndex >= _connections.IndexEnd ? long.MaxValue : _system.Now + 10;

    private void StepShutdown()
    {
        if (_shutdownAtMs is not { } start)
        {
            return;
        }
        double part = Math.Min(1.0, (_system.Now - start + 1) / (double)Math.Max(1, _options.ShutdownSpreadMs));
        for (int end = (int)(part * _connections.IndexEnd); _shutdownIndex < end; _shutdownIndex++)
        {
            if (!_connections.IsLive(_shutdownIndex))
            {
                continue;
            }
            Handle connection = _connections.HandleAt(_shutdownIndex);
            ref Connection row = ref _connections[_shutdownIndex];
            if (row.State == ConnectionState.Open)
            {
                Close(connection, _endpoints[row.Endpoint].ShutdownCode, "shutdown"u8);
            }
            else if (row.State < ConnectionState.Open)
            {
                RefuseAtOnce(connection, 503, ShuttingDown);
            }
        }
        EndOver();
    }

    // The end without the peer's part in it: a close frame, FIN, and what still arrives is dropped.
    private void Dismiss(Handle connection, ushort code, ReadOnlySpan<byte> reason, ushort toEndpoint = 0)
    {
        ref Connection row = ref _connections[connection.Index];
        bool begins = _current == default;
        if (begins)
        {
            Begin(connection);
        }
        row.Protocol.WriteClose(_outgoing, code, reason);
        if (row.State == ConnectionState.Open) // else writing it has found the socket broken
        {
            LeaveOpen(connection, ref row, ConnectionState.Closing, toEndpoint == 0 ? code : toEndpoint);
            Drain(connection);
        }
        if (begins)
        {
            End(connection);
        }
    }

    // The peer's close frame, or its violation: the core has written our close frame. The server ends the connection first.
    private void PeerClosed(Handle connection, ushort code)
    {
        ref Connection row = ref _connections[connection.Index];
        if (row.State == ConnectionState.Open)
        {
            LeaveOpen(connection, ref row, ConnectionState.Closing, code);
        }
        if (row.State == ConnectionState.Closing)
        {
            Drain(connection);
        }
    }

    // Nothing more is said to the peer after what waits: then FIN, and its own end is awaited.
    private void Drain(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        row.State = ConnectionState.Draining;
        DropInbox(ref row);
        SetReadingFlag(connection, ConnectionFlags.Choked | ConnectionFlags.Postponed, false);
        SetDeadline(connection, _options.CloseTimeoutMs);
        Wake(connection);
    }

    private void FinishIfSent(Handle connection, ref Connection row)
    {
        if (row.State != ConnectionState.Draining || row.Outbox != 0 || (row.Flags & (ConnectionFlags.Blocked | ConnectionFlags.Finished)) != 0)
        {
            return;
        }
        if ((row.Flags & ConnectionFlags.PeerEnded) != 0)
        {
            Break(connection, row.CloseCode);
            return;
        }
        row.Flags |= ConnectionFlags.Finished;
        _system.ShutdownWrite(row.Socket);
        SetDeadline(connection, _options.LingerTimeoutMs);
    }

    private void OnEnded(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        row.Flags |= ConnectionFlags.PeerEnded;
        bool unsent = row.Outbox != 0 || (row.Flags & ConnectionFlags.Blocked) != 0;
        if (row.State >= ConnectionState.Closing && unsent)
        {
            Drain(connection); // it may still read: it gets the rest
            return;
        }
        Break(connection, CloseCodes.Abnormal);
    }

    private void LeaveOpen(Handle connection, ref Connection row, ConnectionState state, ushort code)
    {
        row.State = state;
        row.CloseCode = code;
        NoteClosing(row);
        _timers.Clear((connection.Index << 1) | 1);
        Resume(connection);
        _over.Enqueue(connection);
    }

    private void Break(Handle connection, ushort code)
    {
        ref Connection row = ref _connections[connection.Index];
        if (row.State == ConnectionState.Broken)
        {
            return;
        }
        if (row.State == ConnectionState.Open)
        {
            row.CloseCode = code;
        }
        row.State = ConnectionState.Broken;
        _over.Enqueue(connection);
    }

    private void EndOver()
    {
        while (_over.TryDequeue(out Handle connection))
        {
            if (!_connections.Contains(connection))
            {
                continue;
            }
            ref Connection row = ref _connections[connection.Index];
            if ((row.Flags & ConnectionFlags.Announced) != 0)
            {
                row.Flags &= ~ConnectionFlags.Announced;
                _endpoints[row.Endpoint].Closed(connection, row.CloseCode);
            }
            if (row.State == ConnectionState.Broken)
            {
                int socket = row.Socket;
                RemoveRow(connection);
                _system.Close(socket);
            }
        }
    }

    private void RemoveRow(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        DropInbox(ref row);
        if (row.Outbox != 0)
        {
            ReturnOutbox(ref row);
        }
        if (row.PendingBatch != 0)
        {
            _batches.LetGo(row.PendingBatch);
        }
        if (row.Window != 0)
        {
            _windows.Remove(row.Window - 1);
        }
        if (_afterParts.Remove(connection, out Outbox? waiting))
        {
            waiting.Clear(Buffers);
        }
        DropWatch(ref row);
        GiveBack(new Place(row.Place));
        _unwelcome -= (row.Flags & ConnectionFlags.Unwelcome) != 0 ? 1 : 0;
        _timers.Clear(connection.Index << 1);
        _timers.Clear((connection.Index << 1) | 1);
        _connections.Remove(connection.Index);
    }
}
