using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Sluice.Channels.Wire;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Channels;

/// <summary>One loop's sessions on the native wire, their subscriptions, and the mirrors that these read.</summary>
/// <remarks>
/// <para><b>Thread.</b> The loop's own; what must be known from elsewhere is asked by message.</para>
/// <para><b>Delivery.</b> A session's replies are pushed as they arise. Publications are pulled: whenever the connection can
/// take more, <see cref="Fill"/> reads each of its cursors on. A subscribe reply is written before its cursor exists, so it
/// precedes the channel's first publication; an unsubscribe reply follows the cursor's end.</para>
/// <para><b>Order.</b> A session's commands are executed in order. One that must wait (its channel's subscription is not
/// answered yet, or too many answers are outstanding) holds itself and those behind it, and nothing more is read.</para>
/// </remarks>
public sealed partial class Hub : Endpoint, IAsker
{
    /// <summary>The bytes of a session's row, part of the memory budget.</summary>
    public const int SessionBytes = 48;

    /// <summary>The bytes of a subscription's row, part of the memory budget.</summary>
    public const int SubscriptionBytes = 24;

    private readonly EventLoop _loop;
    private readonly IBroker _broker;
    private readonly HubOptions _options;
    private readonly Slab<Session> _sessions = new();
    private readonly References<Identity> _identities = new();
    private readonly Slab<Subscription> _subscriptions = new();
    private readonly References<Mirror> _mirrorOf = new();
    private readonly Dictionary<string, Mirror> _mirrors = new(StringComparer.Ordinal);
    private readonly Dialect[] _dialects = [new(WireFormat.Json), new(WireFormat.Protobuf)]; // by format
    private ReplyEncoder _replies; // to the message that is being handled

    /// <summary>Makes the hub of a loop.</summary>
    public Hub(EventLoop loop, IBroker broker, HubOptions options, string path)
        : base(path)
    {
        Invariant.Check(Unsafe.SizeOf<Session>() == SessionBytes && Unsafe.SizeOf<Subscription>() == SubscriptionBytes, "rows have the sizes that the memory budget counts");
        _loop = loop;
        _broker = broker;
        _options = options;
        _replies = _dialects[0].Replies;
        PingAfterMs = 0; // the native wire has pings of its own
    }

    /// <summary>The loop it lives on.</summary>
    public EventLoop Loop => _loop;

    /// <summary>What this hub holds; exact on its loop, all zero when everything has ended.</summary>
    public HubResources Resources => new(_sessions.Count, _subscriptions.Count, _mirrors.Count, _held.Count);

    /// <summary>Counts the connected sessions and collects their users. On this loop.</summary>
    internal int CountClients(HashSet<string> users)
    {
        int clients = 0;
        for (int i = 0; i < _sessions.IndexEnd; i++)
        {
            if (_sessions.IsLive(i) && _identities[i] is { } identity)
            {
                clients++;
                users.Add(identity.User);
            }
        }
        return clients;
    }

    /// <inheritdoc/>
    public override int InitialState(in HandshakeRequest request, in HandshakeAgreement agreement) =>
        (int)WireFormatFacts.Agreed(agreement.Subprotocol, request.Query);

    /// <inheritdoc/>
    public override void Opened(Handle connection)
    {
        Handle handle = _sessions.Add();
        ref Session session = ref _sessions[handle.Index];
        session.Connection = connection;
        session.FirstSubscription = -1;
        session.Flags = _loop.EndpointState(connection) == (int)WireFormat.Protobuf ? SessionFlags.Protobuf : SessionFlags.None;
        _loop.EndpointState(connection) = handle.Index;
        _loop.SetTimer(connection, _loop.Now + _options.StaleMs);
    }

    /// <inheritdoc/>
    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
        int index = _loop.EndpointState(connection);
        if (opcode != _sessions[index].Format.Opcode || message.IsEmpty)
        {
            Disconnect(index, DisconnectCode.BadRequest);
        }
        else if ((_sessions[index].Flags & SessionFlags.Holds) != 0)
        {
            HoldMore(index, message);
        }
        else
        {
            ExecuteAll(index, message);
        }
    }

    /// <inheritdoc/>
    public override void Closed(Handle connection, ushort code)
    {
        int index = _loop.EndpointState(connection);
        while (_sessions[index].FirstSubscription >= 0)
        {
            EndSubscription(_sessions[index].FirstSubscription);
        }
        DropHeld(index);
        _identities[index] = null;
        _sessions.Remove(index);
    }

    /// <inheritdoc/>
    public override void TimerFired(Handle connection)
    {
        int index = _loop.EndpointState(connection);
        ref Session session = ref _sessions[index];
        if ((session.Flags & SessionFlags.Connected) == 0)
        {
            Disconnect(index, DisconnectCode.Stale);
            return;
        }
        // While output waits, or nothing is read of it, the peer owes no pong: the stall time-out bounds it instead.
        // And for one time-out after that: its pong may be on its way.
        bool excused = _loop.IsBlocked(connection) || (session.Flags & SessionFlags.Holds) != 0;
        bool wasExcused = (session.Flags & SessionFlags.WasExcused) != 0;
        session.Flags = excused ? session.Flags | SessionFlags.WasExcused : session.Flags & ~SessionFlags.WasExcused;
        if (excused || (wasExcused && (session.Flags & SessionFlags.AwaitsPong) != 0))
        {
            _loop.SetTimer(connection, _loop.Now + _options.PongTimeoutMs);
        }
        else if ((session.Flags & SessionFlags.AwaitsPong) != 0)
        {
            Disconnect(index, DisconnectCode.NoPong);
        }
        else
        {
            Ping(ref session);
        }
    }

    /// <inheritdoc/>
    public void Answered(ChannelRequest request)
    {
        request.AnswerTo = this;
        request.Owner!.Loop.PostTo(_loop, request);
    }

    /// <summary>An answer arrived on the session's loop.</summary>
    internal void Answer(ChannelRequest request)
    {
        if (!_sessions.Contains(request.Session))
        {
            return;
        }
        int index = request.Session.Index;
        _sessions[index].PendingAnswers--;
        if (request is not PresenceChange)
        {
            WriteAnswer(request, DialectOf(index));
            SendAside(index);
        }
        ExecuteHeld(index);
    }

    private static void WriteAnswer(ChannelRequest request, Dialect dialect)
    {
        ReplyEncoder aside = dialect.BeginAside();
        switch (request)
        {
            case { Error.IsError: true }:
                aside.Error(request.CommandId, request.Error);
                break;
            case PublishRequest:
                aside.Empty(request.CommandId, Fields.Reply.Publish);
                break;
            case HistoryRequest history:
                aside.History(request.CommandId, history, dialect.Publications);
                break;
            case PresenceRequest presence:
                aside.Presence(request.CommandId, presence);
                break;
        }
    }

    private Dialect DialectOf(int session) => _dialects[(int)_sessions[session].Format];

    private void SendAside(int session) =>
        _loop.Send(_sessions[session].Connection, _sessions[session].Format.Opcode, DialectOf(session).Aside.Message);

    // What there is to say to the message that is being handled.
    private void SendReplies(int session)
    {
        if (!_replies.IsEmpty)
        {
            _loop.Send(_sessions[session].Connection, _sessions[session].Format.Opcode, _replies.Message);
            _replies.Clear();
        }
    }

    private void Disconnect(int session, DisconnectCode code)
    {
        SendReplies(session);
        _loop.Close(_sessions[session].Connection, code.Code, System.Text.Encoding.UTF8.GetBytes(code.Reason));
    }

    private void Ping(ref Session session)
    {
        session.Flags |= SessionFlags.AwaitsPong;
        session.PingSentMs = _loop.Now;
        _loop.Send(session.Connection, session.Format.Opcode, session.Format.Ping);
        _loop.SetTimer(session.Connection, _loop.Now + _options.PongTimeoutMs);
    }

    private void SetFirstPing(in Session session)
    {
        Span<byte> random = stackalloc byte[sizeof(uint)];
        _loop.Random(random);
        int half = _options.PingIntervalMs / 2;
        _loop.SetTimer(session.Connection, _loop.Now + half + (BinaryPrimitives.ReadUInt32LittleEndian(random) % (uint)(half + 1)));
    }

    private ClientInfo InfoOf(int session) => new(_sessions[session].Client, _identities[session]!);
}

/// <summary>What a hub holds at a moment.</summary>
/// <param name="Sessions">Sessions.</param>
/// <param name="Subscriptions">Subscriptions.</param>
/// <param name="Mirrors">Mirrors of channels.</param>
/// <param name="Held">Sessions of which commands wait.</param>
public readonly record struct HubResources(int Sessions, int Subscriptions, int Mirrors, int Held);
