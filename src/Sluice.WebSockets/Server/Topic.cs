using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Sockets that all get the same messages: each encoded once, and compressed at most once for each way in which some of them need it.</summary>
/// <remarks>
/// <para><b>Threads.</b> Every member is for any thread.</para>
/// <para><b>Order.</b> All sockets get the messages in one order; those of one publisher in the order in which it published them. A
/// socket gets all that is published after its <see cref="Subscribe"/> has returned, and perhaps some of what was under way.</para>
/// <para><b>Lifetime.</b> A topic belongs to nobody: make as many as there are rooms, and forget those that are empty. A socket that
/// closes leaves its topics by itself.</para>
/// <para><b>How.</b> One loop owns the topic's log, and each loop with subscribers reads it by a cursor (<see cref="TopicShare"/>).
/// What a slow socket does not take waits for it within its own bounds; see <see cref="WebSocketPathOptions.Overflow"/>.</para>
/// </remarks>
public sealed class Topic
{
    /// <summary>How many publications may wait for the slowest loop.</summary>
    public const int PendingMax = Audience.PendingMax;

    /// <summary>How many topics one socket may follow.</summary>
    public const int PerSocketMax = 1024;

    private readonly WebSocketServer _server;
    private readonly int _number; // decides which loop is the owner
    private readonly TopicShare?[] _shares; // by loop; made by whoever first needs it, and never removed
    private int _pending;

    // The owner loop's:
    private readonly List<SharedMessage> _log = []; // what some loop has not fetched yet
    private ulong _logStart; // the position of the first
    private MessageEncoder? _encoder;

    /// <summary>Makes a topic that nobody follows.</summary>
    public Topic(WebSocketServer server)
    {
        _server = server;
        _number = server.NumberTopic();
        _shares = new TopicShare?[server.Options.Loops];
    }

    /// <summary>How many sockets follow it.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (TopicShare? share in _shares)
            {
                count += share?.Count ?? 0;
            }
            return count;
        }
    }

    /// <summary>Has a socket get what is published from now on; twice is once.</summary>
    /// <returns>False if it is not open, follows <see cref="PerSocketMax"/> topics, or, from another thread than its own, if
    /// <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already. From another thread true does not say that it is open.</returns>
    /// <exception cref="ArgumentException">The socket is another server's.</exception>
    public bool Subscribe(WebSocket socket)
    {
        if (!TryShareOf(socket, out ServerLoop? loop, out TopicShare? share))
        {
            return false;
        }
        return loop.IsCurrent
            ? loop.Subscriptions.Add(socket.Handle, share)
            : socket.Post(0, () => loop.Subscriptions.Add(socket.Handle, share));
    }

    /// <summary>Ends a socket's subscription, if it has one.</summary>
    /// <returns>False if, from another thread than the socket's own, <see cref="WebSocketServerOptions.PostedBytesMax"/> are posted already.</returns>
    /// <exception cref="ArgumentException">The socket is another server's.</exception>
    public bool Unsubscribe(WebSocket socket)
    {
        if (!TryShareOf(socket, out ServerLoop? loop, out TopicShare? share))
        {
            return true;
        }
        if (!loop.IsCurrent)
        {
            return socket.Post(0, () => loop.Subscriptions.Remove(socket.Handle, share));
        }
        loop.Subscriptions.Remove(socket.Handle, share);
        return true;
    }

    /// <summary>Publishes text.</summary>
    /// <returns>False, and nobody gets it, when <see cref="PendingMax"/> wait already.</returns>
    public bool Publish(string text) => PublishText(Encoding.UTF8.GetBytes(text));

    /// <summary>Publishes a binary message.</summary>
    /// <returns>False, and nobody gets it, when <see cref="PendingMax"/> wait already.</returns>
    public bool Publish(ReadOnlySpan<byte> bytes) => Publish(Opcode.Binary, bytes);

    /// <summary>Publishes text.</summary>
    /// <param name="utf8">Valid UTF-8, which is not checked.</param>
    /// <returns>False, and nobody gets it, when <see cref="PendingMax"/> wait already.</returns>
    public bool PublishText(ReadOnlySpan<byte> utf8) => Publish(Opcode.Text, utf8);

    /// <summary>Publishes what was received.</summary>
    /// <returns>False, and nobody gets it, when <see cref="PendingMax"/> wait already.</returns>
    public bool Publish(ReceivedMessage message) => Publish(message.Opcode, message.Bytes);

    /// <summary>Publishes a message that is encoded already; it is sent as it is.</summary>
    /// <returns>False, and nobody gets it, when <see cref="PendingMax"/> wait already.</returns>
    public bool Publish(SharedMessage message) =>
        !TryBegin(out ServerLoop? owner, out bool accepted) ? accepted : Hand(owner, new Publication(this, owner, message, default, -1));

    /// <summary>What a share carried has arrived, and it is back.</summary>
    internal void Returned(ServerLoop owner, TopicShare share)
    {
        share.IsAway = false;
        Serve(owner, share);
        Trim();
    }

    private bool Publish(Opcode opcode, ReadOnlySpan<byte> payload) => !TryBegin(out ServerLoop? owner, out bool accepted)
        ? accepted
        : Hand(owner, new Publication(this, owner, SharedMessage.Of(opcode, payload), opcode, payload.Length));

    // False when there is nothing to be done: nobody listens, or too much waits.
    private bool TryBegin([NotNullWhen(true)] out ServerLoop? owner, out bool accepted)
    {
        owner = _server.LoopFor(_number);
        accepted = owner is null || Array.TrueForAll(_shares, static share => share is null);
        if (accepted || Interlocked.Increment(ref _pending) <= PendingMax)
        {
            return !accepted;
        }
        Interlocked.Decrement(ref _pending);
        return false;
    }

    private static bool Hand(ServerLoop owner, Publication publication)
    {
        if (owner.IsCurrent)
        {
            publication.Run();
        }
        else
        {
            owner.Loop.Post(publication);
        }
        return true;
    }

    private void Append(ServerLoop owner, SharedMessage message)
    {
        _log.Add(message);
        for (int i = 0; i < _shares.Length; i++)
        {
            if (Volatile.Read(ref _shares[i]) is { } share)
            {
                share.Position ??= _logStart + (ulong)_log.Count - 1;
                Serve(owner, share);
            }
        }
        Trim();
    }

    private void Serve(ServerLoop owner, TopicShare share)
    {
        int next = (int)(share.Position!.Value - _logStart);
        if (!share.IsAway && next < _log.Count)
        {
            share.Position = _logStart + (ulong)_log.Count;
            share.Carry(CollectionsMarshal.AsSpan(_log)[next..], owner);
        }
    }

    private void Trim()
    {
        ulong floor = _logStart + (ulong)_log.Count;
        foreach (TopicShare? share in _shares)
        {
            floor = Math.Min(floor, share?.Position ?? floor);
        }
        int fetched = (int)(floor - _logStart);
        _log.RemoveRange(0, fetched);
        _logStart = floor;
        Interlocked.Add(ref _pending, -fetched);
    }

    private bool TryShareOf(
        WebSocket socket,
        [NotNullWhen(true)] out ServerLoop? loop,
        [NotNullWhen(true)] out TopicShare? share)
    {
        loop = socket.Loop;
        share = null;
        if (loop is null)
        {
            return false;
        }
        if (!_server.Has(loop))
        {
            throw new ArgumentException("The socket and the topic are of two servers.", nameof(socket));
        }
        share = Volatile.Read(ref _shares[loop.Number]);
        if (share is null && _server.LoopFor(_number) is { } owner)
        {
            TopicShare made = new(this, owner, loop);
            share = Interlocked.CompareExchange(ref _shares[loop.Number], made, null) ?? made;
        }
        return share is not null;
    }

    private sealed class Publication(Topic topic, ServerLoop owner, SharedMessage message, Opcode opcode, int payloadBytes) : LoopMessage
    {
        private readonly bool _isEncoded = payloadBytes < 0;

        public override void Run()
        {
            topic._encoder ??= new MessageEncoder(owner.Loop.Deflater);
            topic.Append(owner, _isEncoded ? message : topic._encoder.Encode(message.Frame, opcode, payloadBytes, owner.Loop.Buffers));
        }
    }
}
