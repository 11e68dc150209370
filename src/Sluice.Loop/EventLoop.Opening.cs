using Sluice.Protocol;

namespace Sluice.Loop;

// From an accepted socket to an open connection.
public sealed partial class EventLoop
{
    private const string ShuttingDown = "The server is shutting down.";

    private static readonly HttpHeadLimits s_headLimits = HttpHeadLimits.Default;

    private readonly List<byte[]> _paths = [];

    /// <summary>Makes a socket whose handshake somebody else has made an open connection of this loop.</summary>
    /// <param name="socket">The system's number of it.</param>
    /// <param name="endpoint">What it came to.</param>
    /// <param name="deflate">What that handshake agreed about compression.</param>
    /// <param name="state">The endpoint's own number for it, as <see cref="Endpoint.InitialState"/> has it.</param>
    /// <returns>False when the loop has no room or is shutting down; the socket is closed then.</returns>
    public bool AdoptOpen(int socket, Endpoint endpoint, DeflateAgreement deflate, int state)
    {
        if (!HasRoom)
        {
            _system.Close(socket);
            return false;
        }
        Handle connection = AddRow(socket, ConnectionState.Open);
        _system.Adopt(socket, connection.Value, peek: false);
        Begin(connection);
        Announce(connection, _endpoints.IndexOf(endpoint), deflate, state);
        End(connection);
        EndOver();
        return true;
    }

    /// <summary>Tells a peer's address. It is asked of the system each time, so that it costs a connection nothing.</summary>
    /// <param name="connection">Whose.</param>
    /// <param name="address">Takes <see cref="ISystem.AddressBytes"/> bytes: IPv6, with IPv4 mapped into it (RFC 4291, 2.5.5.2).</param>
    /// <returns>False when it is not known, or not any more.</returns>
    public bool TryGetAddress(Handle connection, Span<byte> address) =>
        _connections.Contains(connection) && _system.TryGetAddress(_connections[connection.Index].Socket, address);

    private Handle AddRow(int socket, ConnectionState state)
    {
        Handle connection = _connections.Add();
        ref Connection row = ref _connections[connection.Index];
        row.Socket = socket;
        row.State = state;
        return connection;
    }

    private void OnPeeked(Handle connection, in Completion completion)
    {
        ref Connection row = ref _connections[connection.Index];
        if (row.State != ConnectionState.Peeking)
        {
            return;
        }
        ReadOnlySpan<byte> first = completion.Buffer.AsSpan(completion.Offset, completion.Count);
        RequestLineStatus status = RequestLine.TryReadPath(first, out ReadOnlySpan<byte> path);
        if (status == RequestLineStatus.NeedMore && MayBeServed(path))
        {
            row.Flags |= ConnectionFlags.Peeked;
            return;
        }
        if (status == RequestLineStatus.Path && FindEndpoint(path) >= 0)
        {
            // From here on every outcome is ours, so that no laxer parser accepts what this one refuses.
            row.State = ConnectionState.Head;
            _system.Arm(row.Socket);
            return;
        }
        int socket = row.Socket;
        RemoveRow(connection);
        _system.Release(socket);
    }

    private int FindEndpoint(ReadOnlySpan<byte> path)
    {
        for (int i = 0; i < _paths.Count; i++)
        {
            if (path.SequenceEqual(_paths[i]))
            {
                return i;
            }
        }
        return -1;
    }

    private bool MayBeServed(ReadOnlySpan<byte> beginning)
    {
        foreach (byte[] path in _paths)
        {
            if (path.AsSpan().StartsWith(beginning))
            {
                return true;
            }
        }
        return false;
    }

    private void ReceiveHead(Handle connection, byte[] buffer, int offset, int count)
    {
        ref Connection row = ref _connections[connection.Index];
        Span<byte> bytes = buffer.AsSpan(offset, count);
        HttpHead head = default;
        if (row.Inbox != 0)
        {
            Inbox inbox = _inboxes[row.Inbox];
            inbox.Append(bytes, Buffers);
            bytes = inbox.Bytes.AsSpan(0, inbox.Length);
            head = inbox.Head;
        }
        HeadStatus status = head.Parse(bytes, s_headLimits);
        if (status == HeadStatus.NeedMore)
        {
            KeepHead(connection, ref row, bytes, head);
            return;
        }
        Begin(connection);
        if (status == HeadStatus.Refused)
        {
            Refuse(connection, head.RefusalStatus, Handshake.MalformedHead, head.IsHead(bytes));
        }
        else if (Accept(connection, head, bytes))
        {
            // What arrived together with the request are the first frames. The inbox is needed for them, so they
            // go back to where bytes arrive; they are part of what arrived last, so they fit.
            ReadOnlySpan<byte> rest = bytes[head.Length..];
            rest.CopyTo(buffer.AsSpan(offset));
            DropInbox(ref row);
            if (rest.Length > 0)
            {
                ReceiveFrames(connection, buffer, offset, rest.Length);
            }
        }
        End(connection);
    }

    private void KeepHead(Handle connection, ref Connection row, ReadOnlySpan<byte> bytes, in HttpHead head)
    {
        if (row.Inbox == 0)
        {
            row.Inbox = _inboxes.Rent();
            _inboxes[row.Inbox].Append(bytes, Buffers);
        }
        _inboxes[row.Inbox].Head = head;
        WatchOf(connection, ref row); // it costs something now
    }

    // Answers the request; true when the connection is open now.
    private bool Accept(Handle connection, in HttpHead head, ReadOnlySpan<byte> bytes)
    {
        int number = RequestLine.TryReadPath(bytes, out ReadOnlySpan<byte> path) == RequestLineStatus.Path ? FindEndpoint(path) : -1;
        if (number < 0)
        {
            Refuse(connection, 404, "Nothing is served at this path.", head.IsHead(bytes));
            return false;
        }
        if (_shutdownAtMs is not null)
        {
            Refuse(connection, 503, ShuttingDown, head.IsHead(bytes));
            return false;
        }
        if (new Place(_connections[connection.Index].Place).IsLimited)
        {
            Refuse(connection, 429, "Too many connections from this address.", head.IsHead(bytes));
            return false;
        }
        Endpoint endpoint = _endpoints[number];
        HandshakeVerdict verdict = Handshake.Judge(head, bytes, endpoint.Terms(_system.IsSecure(_connections[connection.Index].Socket)), out HandshakeRequest request, out HandshakeAgreement agreement);
        if (verdict.Accepted)
        {
            verdict = endpoint.Judge(request, agreement);
        }
        if (!verdict.Accepted)
        {
            Refuse(connection, verdict.Status, verdict.Reason, head.IsHead(bytes));
            return false;
        }
        Handshake.WriteAccept(OutgoingFor(connection), request, agreement);
        Announce(connection, number, agreement.Deflate, endpoint.InitialState(request, agreement));
        return true;
    }

    private void Announce(Handle connection, int endpoint, DeflateAgreement deflate, int state)
    {
        ref Connection row = ref _connections[connection.Index];
        row.Protocol.Deflate = deflate;
        row.State = ConnectionState.Open;
        row.Endpoint = (byte)endpoint;
        row.EndpointState = state;
        row.Flags |= ConnectionFlags.Announced;
        Place place = new(row.Place);
        GiveBack(place.Handshake);
        row.Place = place.Connected.Value;
        NoteHeard(connection, ref row);
        NoteData(ref row);
        SetTimerOfOpen(connection, row);
        _endpoints[endpoint].Opened(connection);
    }

    private void Refuse(Handle connection, int status, string reason, bool isHead = false)
    {
        int retryAfterSeconds = status switch
        {
            429 when _options.HandshakesPerAddress.IsLimited => Math.Max(_options.HandshakesPerAddress.RetryAfterSeconds, _options.RetryAfterSeconds),
            429 or 503 => _options.RetryAfterSeconds,
            _ => 0,
        };
        Handshake.WriteRefusal(OutgoingFor(connection), status, reason, retryAfterSeconds, isHead);
        Drain(connection);
    }
}
