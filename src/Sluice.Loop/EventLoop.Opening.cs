using Sluice.Protocol;

namespace Sluice.Loop;

// From an accepted socket to an open connection.
public sealed partial class EventLoop
{
    private static readonly HttpHeadLimits s_headLimits = HttpHeadLimits.Default;

    private readonly List<byte[]> _paths = [];

    /// <summary>Deals accepted sockets over the loops of a group; null: they all stay here.</summary>
    public LoopGroup? Group { get; set; }

    /// <summary>Makes an accepted socket a connection of this loop.</summary>
    public void Adopt(int socket)
    {
        if (!HasRoom)
        {
            _system.Close(socket);
            return;
        }
        ConnectionState state = _options.ReleasesForeign ? ConnectionState.Peeking : ConnectionState.Head;
        Handle connection = AddRow(socket, state);
        SetDeadline(connection, _options.HandshakeTimeoutMs);
        _system.Adopt(socket, connection.Value, peek: state == ConnectionState.Peeking);
    }

    /// <summary>Makes a socket whose handshake somebody else has made an open connection of this loop.</summary>
    /// <returns>False when the loop has no room or is shutting down; the socket is closed then.</returns>
    public bool AdoptOpen(int socket, Endpoint endpoint)
    {
        if (!HasRoom)
        {
            _system.Close(socket);
            return false;
        }
        Handle connection = AddRow(socket, ConnectionState.Open);
        _system.Adopt(socket, connection.Value, peek: false);
        Begin(connection);
        Announce(connection, _endpoints.IndexOf(endpoint));
        End(connection);
        EndOver();
        return true;
    }

    private bool HasRoom => _connections.Count < _options.ConnectionsMax && _shutdownAtMs is null;

    private Handle AddRow(int socket, ConnectionState state)
    {
        Handle connection = _connections.Add();
        ref Connection row = ref _connections[connection.Index];
        row.Socket = socket;
        row.State = state;
        return connection;
    }

    private void OnAccepted(int socket)
    {
        if (Group is null)
        {
            Adopt(socket);
        }
        else
        {
            Group.Deal(socket, this);
        }
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
            KeepHead(ref row, bytes, head);
            return;
        }
        Begin(connection);
        if (status == HeadStatus.Refused)
        {
            Refuse(connection, head.RefusalStatus, Handshake.MalformedHead);
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

    private void KeepHead(ref Connection row, ReadOnlySpan<byte> bytes, in HttpHead head)
    {
        if (row.Inbox == 0)
        {
            row.Inbox = _inboxes.Rent();
            _inboxes[row.Inbox].Append(bytes, Buffers);
        }
        _inboxes[row.Inbox].Head = head;
    }

    // Answers the request; true when the connection is open now.
    private bool Accept(Handle connection, in HttpHead head, ReadOnlySpan<byte> bytes)
    {
        int number = RequestLine.TryReadPath(bytes, out ReadOnlySpan<byte> path) == RequestLineStatus.Path ? FindEndpoint(path) : -1;
        if (number < 0)
        {
            Refuse(connection, 404, "Nothing is served at this path.");
            return false;
        }
        Endpoint endpoint = _endpoints[number];
        HandshakeVerdict verdict = Handshake.JudgeWithSubprotocols(
            head, bytes, endpoint.Policy, endpoint.SubprotocolArray, out HandshakeRequest request, out string? subprotocol);
        if (!verdict.Accepted)
        {
            Refuse(connection, verdict.Status, verdict.Reason);
            return false;
        }
        Handshake.WriteAccept(OutgoingFor(connection), request.Key, subprotocol);
        Announce(connection, number);
        return true;
    }

    private void Announce(Handle connection, int endpoint)
    {
        ref Connection row = ref _connections[connection.Index];
        _timers.Clear(connection.Index << 1);
        row.State = ConnectionState.Open;
        row.Endpoint = (byte)endpoint;
        row.Flags |= ConnectionFlags.Announced;
        _endpoints[endpoint].Opened(connection);
    }

    private void Refuse(Handle connection, int status, string reason)
    {
        Handshake.WriteRefusal(OutgoingFor(connection), status, reason);
        Drain(connection);
    }
}

/// <summary>The loops of a process, between which accepted sockets are dealt in turn.</summary>
/// <param name="loops">All of them; the first owns the listener.</param>
public sealed class LoopGroup(IReadOnlyList<EventLoop> loops)
{
    private int _next;

    internal void Deal(int socket, EventLoop from)
    {
        EventLoop to = loops[_next];
        _next = (_next + 1) % loops.Count;
        if (to == from)
        {
            to.Adopt(socket);
        }
        else
        {
            to.Post(new AdoptSocket(to, socket));
        }
    }

    private sealed class AdoptSocket(EventLoop loop, int socket) : LoopMessage
    {
        public override void Run() => loop.Adopt(socket);
    }
}
