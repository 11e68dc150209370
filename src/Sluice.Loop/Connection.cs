using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Where a connection is in its life; it only moves forward.</summary>
internal enum ConnectionState : byte
{
    /// <summary>The first bytes decide whose it is.</summary>
    Peeking,

    /// <summary>The request's head is being read.</summary>
    Head,

    /// <summary>Frames go both ways and the endpoint has it.</summary>
    Open,

    /// <summary>Our close frame is on its way; the peer's is awaited.</summary>
    Closing,

    /// <summary>The last bytes are on their way or out; what still arrives is read and dropped until the peer's end.</summary>
    Draining,

    /// <summary>To be removed as soon as the callback that is running has returned.</summary>
    Broken,
}

[Flags]
internal enum ConnectionFlags : ushort
{
    None = 0,

    /// <summary>The endpoint was told of it and not yet of its end.</summary>
    Announced = 1,

    /// <summary>The last send was not taken whole; its completion is awaited.</summary>
    Blocked = 2,

    /// <summary>Waits in the queue of woken connections.</summary>
    Woken = 4,

    /// <summary>The endpoint wants nothing more for now.</summary>
    Held = 8,

    /// <summary>Too many replies wait for it to read on.</summary>
    Choked = 16,

    /// <summary>Reading is disarmed, for one of the two reasons above, or since it is <see cref="Postponed"/>.</summary>
    Disarmed = 32,

    /// <summary>Our FIN is out.</summary>
    Finished = 64,

    /// <summary>The peer's FIN is in.</summary>
    PeerEnded = 128,

    /// <summary>A message is being sent in parts and is not ended.</summary>
    InParts = 256,

    /// <summary>Somebody was told that the peer is behind, and must be told when it no longer is.</summary>
    OwesDrained = 512,

    /// <summary>A ping was sent and nothing has come since.</summary>
    AwaitsPong = 1024,

    /// <summary>The last time that a pong was due, it could not be asked of the peer.</summary>
    Excused = 2048,

    /// <summary>Beyond some limit when it came: it is here for its answer only.</summary>
    Unwelcome = 4096,

    /// <summary>It has had its share of this turn; what was read waits for the next.</summary>
    Postponed = 8192,

    /// <summary>A part of a request was peeked at.</summary>
    Peeked = 16384,
}

/// <summary>One connection's row: all that an idle connection costs, besides its two timer nodes.</summary>
internal struct Connection
{
    public WebSocketConnection<ServerRole> Protocol;

    /// <summary>The system's number of the socket.</summary>
    public int Socket;

    /// <summary>What arrived and is not a whole frame or message yet: a number in the loop's pool, 0 for nothing.</summary>
    public int Inbox;

    /// <summary>What waits to be sent to this peer alone: a number in the loop's pool, 0 for nothing.</summary>
    public int Outbox;

    /// <summary>The batch that the system is sending: a number in the loop's pool, 0 for none.</summary>
    public int PendingBatch;

    /// <summary>The endpoint's own number for it.</summary>
    public int EndpointState;

    /// <summary>What compressed messages the peer's window holds: a number in the loop's table, 0 for none known.</summary>
    public int Window;

    /// <summary>What it has of its address's allowance (<see cref="Loop.Place"/>), 0 for nothing.</summary>
    public int Place;

    /// <summary>When something last came of the peer, or a ping was sent to it: the low bits of the clock.</summary>
    public uint HeardMs;

    /// <summary>What is noted of it while it is in the middle of something: a number in the loop's table, 0 for nothing.</summary>
    public int Watch;

    /// <summary>The close code sent or received first.</summary>
    public ushort CloseCode;

    /// <summary>Which of the loop's endpoints.</summary>
    public byte Endpoint;

    /// <summary>When a data message last came, in units of the idle time-out: the low bits.</summary>
    public byte DataAt;

    public ConnectionState State;
    public ConnectionFlags Flags;
}

/// <summary>Bytes of a peer that do not make a whole yet.</summary>
internal sealed class Inbox
{
    private const int InflaterBytes = 56 << 10; // its window, a step of output, tables

    /// <summary>What the protocol core left unread.</summary>
    public readonly byte[] Tail = new byte[WebSocketConnection<ServerRole>.UnreadBytesMax];
    public int TailLength;

    /// <summary>An unfinished message, or an unfinished request head; rented, null for none.</summary>
    public byte[]? Bytes;
    public int Length;
    public HttpHead Head;

    /// <summary>Input that was read and not looked at yet; rented, null for none.</summary>
    public byte[]? Later;
    public Range LaterRange;

    /// <summary>Whether it waits for its turn to look at it.</summary>
    public bool IsQueued;

    private byte[]? _pong; // rented
    private int _pongLength;

    /// <summary>The one that holds a part of an unfinished compressed message.</summary>
    public Inflater? Inflater { get; private set; }

    /// <summary>What it costs.</summary>
    public int HeldBytes => (Bytes?.Length ?? 0) + (Later?.Length ?? 0) + (Inflater is null ? 0 : InflaterBytes);

    /// <summary>The latest pong that the peer could not be sent yet, a whole frame; empty for none.</summary>
    public ReadOnlySpan<byte> Pong => _pong.AsSpan(0, _pongLength);

    public bool IsEmpty => TailLength == 0 && Bytes is null && Inflater is null && _pong is null && Later is null;

    public void Append(ReadOnlySpan<byte> more, Buffers buffers)
    {
        if (Bytes is null || Bytes.Length - Length < more.Length)
        {
            // Doubling, and only for what has arrived: a declared length allocates nothing.
            byte[] larger = buffers.Rent(Math.Max(checked(Length + more.Length), 2 * Length));
            if (Bytes is not null)
            {
                Bytes.AsSpan(0, Length).CopyTo(larger);
                buffers.Return(Bytes);
            }
            Bytes = larger;
        }
        more.CopyTo(Bytes.AsSpan(Length));
        Length += more.Length;
    }

    public void DropBytes(Buffers buffers)
    {
        if (Bytes is not null)
        {
            buffers.Return(Bytes);
            Bytes = null;
        }
        Length = 0;
        Head = default;
    }

    public void Clear(Buffers buffers)
    {
        DropBytes(buffers);
        DropLater(buffers);
        IsQueued = false;
        TailLength = 0;
        GiveInflater(null, buffers);
        DropPong(buffers);
    }

    /// <summary>Puts more input behind what waits.</summary>
    public void AddLater(ReadOnlySpan<byte> input, Buffers buffers)
    {
        ReadOnlySpan<byte> before = Later.AsSpan(LaterRange);
        int length = before.Length + input.Length;
        byte[] larger = buffers.Rent(length);
        before.CopyTo(larger);
        input.CopyTo(larger.AsSpan(before.Length));
        DropLater(buffers);
        (Later, LaterRange) = (larger, ..length);
    }

    public void DropLater(Buffers buffers)
    {
        if (Later is not null)
        {
            buffers.Return(Later);
            (Later, LaterRange) = (null, default);
        }
    }

    public void KeepPong(ReadOnlySpan<byte> frame, Buffers buffers)
    {
        _pong ??= buffers.Rent(2 + FrameHeader.ControlPayloadBytesMax);
        frame.CopyTo(_pong);
        _pongLength = frame.Length;
    }

    public void DropPong(Buffers buffers)
    {
        if (_pong is not null)
        {
            buffers.Return(_pong);
            (_pong, _pongLength) = (null, 0);
        }
    }

    public void GiveInflater(Inflater? inflater, Buffers buffers)
    {
        int before = Inflater is null ? 0 : InflaterBytes;
        Inflater = inflater;
        buffers.Charge((inflater is null ? 0 : InflaterBytes) - before);
    }
}
