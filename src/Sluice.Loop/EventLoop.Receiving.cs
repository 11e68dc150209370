using Sluice.Protocol;

namespace Sluice.Loop;

// From received bytes to messages.
public sealed partial class EventLoop
{
    private const int SpareInflatersMax = 8;

    // For these an open peer is not read.
    private const ConnectionFlags StopsReading = ConnectionFlags.Held | ConnectionFlags.Choked | ConnectionFlags.Postponed;

    private readonly Stack<Inflater> _inflaters = new();

    /// <summary>Reads nothing more from an open peer until <see cref="Resume"/>. Messages that have already been read still come.</summary>
    public void Hold(Handle connection)
    {
        if (IsOpen(connection))
        {
            SetReadingFlag(connection, ConnectionFlags.Held, true);
        }
    }

    /// <summary>Reads on after <see cref="Hold"/>.</summary>
    public void Resume(Handle connection)
    {
        SetReadingFlag(connection, ConnectionFlags.Held, false);
        if (_connections.Contains(connection))
        {
            QueuePostponed(connection);
        }
    }

    private void OnReceived(Handle connection, in Completion completion)
    {
        switch (_connections[connection.Index].State)
        {
            case ConnectionState.Head:
                ReceiveHead(connection, completion.Buffer, completion.Offset, completion.Count);
                break;
            case ConnectionState.Open or ConnectionState.Closing when !TryPostpone(connection, completion):
                Begin(connection);
                ReceiveFrames(connection, completion.Buffer, completion.Offset, completion.Count);
                End(connection);
                break;
        }
    }

    private void ReceiveFrames(Handle connection, byte[] buffer, int offset, int count)
    {
        ref Connection row = ref _connections[connection.Index];
        Span<byte> input = WithTail(ref row, buffer, offset, count);
        if (ReadFrames(connection, ref row, input))
        {
            KeepTail(ref row, input);
        }
        else
        {
            Postpone(connection, ref row, input[^row.Protocol.Unread..]);
        }
    }

    // False when the connection has had its share of this turn; what it left is unread.
    private bool ReadFrames(Handle connection, ref Connection row, Span<byte> input)
    {
        Endpoint endpoint = _endpoints[row.Endpoint];
        Inflater? inflater = TakeInflater(ref row);
        bool awaitedPong = NoteHeard(connection, ref row);
        bool hasEnded = false;
        int share = _options.EventQuantum;
        foreach (WebSocketEvent e in row.Protocol.Receive(input, OutgoingFor(connection), endpoint.Limits, inflater: inflater))
        {
            hasEnded |= !row.Protocol.InMessage;
            switch (e.Kind)
            {
                case WebSocketEventKind.Data when row.State == ConnectionState.Open:
                    ReceiveData(connection, endpoint, e);
                    break;
                case WebSocketEventKind.Close or WebSocketEventKind.Violation:
                    PeerClosed(connection, e.CloseCode);
                    break;
                case WebSocketEventKind.Pong when awaitedPong:
                    awaitedPong = false;
                    break;
                case WebSocketEventKind.Ping or WebSocketEventKind.Pong when row.State == ConnectionState.Open && !NoteControl(connection, ref row):
                    Dismiss(connection, CloseCodes.PolicyViolation, "too many control frames"u8);
                    break;
            }
            share -= 1 + (inflater is null ? 0 : e.Payload.Length >> 10);
            if (row.State >= ConnectionState.Draining || share <= 0)
            {
                break;
            }
        }
        NoteProgress(connection, ref row, hasEnded);
        ReturnInflater(ref row, inflater);
        return share > 0 || row.State >= ConnectionState.Draining;
    }

    // A message that lies whole in the input is delivered where it lies; only the others are gathered.
    private void ReceiveData(Handle connection, Endpoint endpoint, in WebSocketEvent e)
    {
        NoteData(ref _connections[connection.Index]);
        if (endpoint.TakesParts)
        {
            endpoint.ReceivedPart(connection, e.Opcode, e.Payload, e.Last);
            return;
        }
        if (e.First && e.Last)
        {
            endpoint.Received(connection, e.Opcode, e.Payload);
            return;
        }
        ref Connection row = ref _connections[connection.Index];
        Inbox inbox = InboxOf(ref row);
        inbox.Append(e.Payload, Buffers);
        if (e.Last)
        {
            endpoint.Received(connection, e.Opcode, inbox.Bytes.AsSpan(0, inbox.Length));
            inbox.DropBytes(Buffers);
            ReturnIfEmpty(ref row);
        }
    }

    // Puts the piece that was left of the last input before this one, in the headroom that every buffer has.
    private Span<byte> WithTail(ref Connection row, byte[] buffer, int offset, int count)
    {
        if (row.Inbox == 0)
        {
            return buffer.AsSpan(offset, count);
        }
        Inbox inbox = _inboxes[row.Inbox];
        int tail = inbox.TailLength;
        inbox.Tail.AsSpan(0, tail).CopyTo(buffer.AsSpan(offset - tail));
        inbox.TailLength = 0;
        ReturnIfEmpty(ref row);
        return buffer.AsSpan(offset - tail, tail + count);
    }

    private void KeepTail(ref Connection row, ReadOnlySpan<byte> input)
    {
        int unread = row.Protocol.Unread;
        if (unread == 0 || row.State >= ConnectionState.Draining)
        {
            return;
        }
        Inbox inbox = InboxOf(ref row);
        input[^unread..].CopyTo(inbox.Tail);
        inbox.TailLength = unread;
    }

    // An inflater belongs to a connection only while it holds a part of a message; then it lies in the inbox.
    private Inflater? TakeInflater(ref Connection row)
    {
        if (!row.Protocol.Deflate.Agreed)
        {
            return null;
        }
        if (row.Inbox != 0 && _inboxes[row.Inbox].Inflater is { } begun)
        {
            _inboxes[row.Inbox].GiveInflater(null, Buffers);
            return begun;
        }
        return _inflaters.TryPop(out Inflater? spare) ? spare : new Inflater();
    }

    private void ReturnInflater(ref Connection row, Inflater? inflater)
    {
        if (inflater is not null && row.Protocol.InflaterInUse && row.State < ConnectionState.Draining)
        {
            InboxOf(ref row).GiveInflater(inflater, Buffers);
        }
        else if (inflater is not null)
        {
            if (_inflaters.Count < SpareInflatersMax)
            {
                _inflaters.Push(inflater);
            }
            if (row.Inbox != 0)
            {
                ReturnIfEmpty(ref row);
            }
        }
    }

    private Inbox InboxOf(ref Connection row)
    {
        if (row.Inbox == 0)
        {
            row.Inbox = _inboxes.Rent();
        }
        return _inboxes[row.Inbox];
    }

    private void ReturnIfEmpty(ref Connection row)
    {
        if (_inboxes[row.Inbox].IsEmpty)
        {
            _inboxes.Return(row.Inbox);
            row.Inbox = 0;
        }
    }

    private void DropInbox(ref Connection row)
    {
        if (row.Inbox != 0)
        {
            _inboxes[row.Inbox].Clear(Buffers);
            _inboxes.Return(row.Inbox);
            row.Inbox = 0;
        }
    }

    private void SetReadingFlag(Handle connection, ConnectionFlags flag, bool on)
    {
        if (!_connections.Contains(connection))
        {
            return;
        }
        ref Connection row = ref _connections[connection.Index];
        if (!on && (flag & ~ConnectionFlags.Postponed & row.Flags) != 0)
        {
            RestartProgress(connection, row);
            NoteData(ref row);
        }
        row.Flags = on ? row.Flags | flag : row.Flags & ~flag;
        // Of a peer that is to close nothing is wanted but that: it is read, though not faster than any other.
        ConnectionFlags stops = row.State switch
        {
            ConnectionState.Open => StopsReading,
            ConnectionState.Closing => ConnectionFlags.Postponed,
            _ => ConnectionFlags.None,
        };
        bool disarm = (row.Flags & stops) != 0;
        if (disarm != ((row.Flags & ConnectionFlags.Disarmed) != 0) && row.State != ConnectionState.Broken)
        {
            row.Flags ^= ConnectionFlags.Disarmed;
            if (disarm)
            {
                _system.Disarm(row.Socket);
            }
            else
            {
                _system.Arm(row.Socket);
            }
        }
    }
}
