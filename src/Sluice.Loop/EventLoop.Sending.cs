using System.Buffers;
using Sluice.Protocol;

namespace Sluice.Loop;

// What is owed to a peer, and what becomes of it when the peer takes too little.
public sealed partial class EventLoop
{
    // What replies of one turn may have compressed, in bytes: some milliseconds. Beyond it they go plain, so that those who make
    // many do not keep the others waiting.
    private const int CompressQuantum = 256 << 10;

    private readonly Outgoing _outgoing;

    // Whole messages that wait for the end of one that is sent in parts.
    private readonly Dictionary<Handle, Outbox> _afterParts = [];

    private int _compressLeft = CompressQuantum;

    /// <summary>Compresses for everybody on this loop; it keeps nothing between two calls.</summary>
    public Deflater Deflater => field ??= new Deflater();

    /// <summary>Sends one message to one peer, or keeps it until the peer takes it.</summary>
    /// <param name="connection">To whom.</param>
    /// <param name="opcode">Text or binary.</param>
    /// <param name="payload">For text valid UTF-8, which is not checked.</param>
    /// <param name="options">How.</param>
    /// <remarks>When <see cref="EventLoopOptions.UnsentBytesMax"/> would be exceeded for a peer that takes nothing, its endpoint's
    /// <see cref="Endpoint.Overflow"/> decides.</remarks>
    public SendResult Send(Handle connection, Opcode opcode, ReadOnlySpan<byte> payload, SendOptions options = SendOptions.None)
    {
        if (!MaySend(connection, payload.Length))
        {
            return SendResult.Refused;
        }
        ref Connection row = ref _connections[connection.Index];
        if (!MayCompress(row, payload.Length, options) || !SendCompressed(connection, ref row, opcode, payload))
        {
            WriteMessage(connection, row, opcode, payload, compressed: false);
        }
        return AnswerWhole(ref row);
    }

    /// <summary>Sends a part of a message too large to be held. Other messages to this peer wait for its end; it is not compressed.</summary>
    /// <param name="connection">To whom.</param>
    /// <param name="opcode">The message's, with every part.</param>
    /// <param name="part">The next bytes.</param>
    /// <param name="last">Whether the message ends with them.</param>
    /// <returns><see cref="SendResult.Refused"/> while too much waits: nothing was taken, so offer the same part again when
    /// <see cref="Endpoint.Drained"/>; or for good, when the connection is not open any more.</returns>
    public SendResult SendPart(Handle connection, Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
        if (!IsOpen(connection))
        {
            return SendResult.Refused;
        }
        ref Connection row = ref _connections[connection.Index];
        if (row.Outbox != 0 && _outboxes[row.Outbox].PrivateBytes > _options.UnsentBytesHigh)
        {
            row.Flags |= ConnectionFlags.OwesDrained;
            return SendResult.Refused;
        }
        bool first = (row.Flags & ConnectionFlags.InParts) == 0;
        row.Flags = last ? row.Flags & ~ConnectionFlags.InParts : row.Flags | ConnectionFlags.InParts;
        Outbox? waiting = null;
        bool isAwaited = last && _afterParts.Remove(connection, out waiting);
        // With what waits for the end at once: nothing that this sending leads to comes between.
        int size = FrameHeader.SizeOf(part.Length, masked: false) + part.Length;
        int total = size + (waiting?.PrivateBytes ?? 0);
        Span<byte> room = Reserve(connection, total);
        FrameHeader.WriteFrame(room[..size], first ? opcode : Opcode.Continuation, last, part);
        waiting?.Bytes.CopyTo(room[size..]);
        waiting?.Clear(Buffers);
        Commit(connection, total, boundary: 0);
        if (isAwaited)
        {
            row.Flags |= ConnectionFlags.OwesDrained;
        }
        return Answer(ref row);
    }

    /// <summary>Sends one peer a message that others get too.</summary>
    /// <remarks>For readers without a cursor: what the peer does not take waits for it, and <see cref="Endpoint.Overflow"/> bounds it.</remarks>
    public SendResult SendShared(Handle connection, SharedMessage message) => SendShared(connection, new ReadOnlySpan<SharedMessage>(in message));

    /// <summary>Sends one peer some such messages, in as few sends as they fit.</summary>
    /// <returns>What became of the last.</returns>
    internal SendResult SendShared(Handle connection, ReadOnlySpan<SharedMessage> messages)
    {
        if (!IsOpen(connection))
        {
            return SendResult.Refused;
        }
        ref Connection row = ref _connections[connection.Index];
        bool begins = _current == default && (row.Flags & ConnectionFlags.Blocked) == 0;
        if (begins)
        {
            Begin(connection);
        }
        SendResult result = SendResult.Sent;
        foreach (SharedMessage message in messages)
        {
            result = TryAddShared(connection, ref row, message) ? SendResult.Sent : SendFrame(connection, ref row, message.Frame);
        }
        if (begins)
        {
            End(connection);
        }
        return result == SendResult.Refused ? result : AnswerWhole(ref row);
    }

    /// <summary>Whether the peer takes nothing more for now, so that what is owed to it waits.</summary>
    public bool IsBlocked(Handle connection) =>
        _connections.Contains(connection) && (_connections[connection.Index].Flags & ConnectionFlags.Blocked) != 0;

    /// <summary>Whether a connection is open: its handshake is done, and neither end has begun to close it.</summary>
    public bool IsOpen(Handle connection) =>
        _connections.Contains(connection) && _connections[connection.Index].State == ConnectionState.Open;

    // Whether so many bytes more may wait for this peer; if not, its endpoint's policy has been followed.
    private bool MaySend(Handle connection, int bytes)
    {
        if (!IsOpen(connection))
        {
            return false;
        }
        ref Connection row = ref _connections[connection.Index];
        Outbox? later = (row.Flags & ConnectionFlags.InParts) != 0 ? _afterParts.GetValueOrDefault(connection) : null;
        if (later is null && (row.Flags & ConnectionFlags.Blocked) == 0)
        {
            return true;
        }
        Outbox? first = row.Outbox == 0 ? null : _outboxes[row.Outbox];
        int room = _options.UnsentBytesMax - (first?.PrivateBytes ?? 0) - (later?.PrivateBytes ?? 0);
        return bytes <= room || MakeRoom(connection, ref row, later ?? first, bytes, room);
    }

    // What is to be sent last is dropped from: behind a message in parts that is what waits for its end.
    private bool MakeRoom(Handle connection, ref Connection row, Outbox? last, int bytes, int room)
    {
        Endpoint endpoint = _endpoints[row.Endpoint];
        if ((row.Flags & ConnectionFlags.Blocked) != 0) // else it is owed at the end of the message in parts
        {
            row.Flags |= ConnectionFlags.OwesDrained;
        }
        if (endpoint.Overflow == OverflowPolicy.Close)
        {
            Close(connection, endpoint.SlowCode, "slow"u8);
        }
        if (endpoint.Overflow != OverflowPolicy.DropOldest || last is null)
        {
            return false;
        }
        int held = last.PrivateBytes;
        if (bytes > room + last.DroppableBytes)
        {
            return false; // nothing is dropped for one that does not fit all the same
        }
        last.DropOldest(Math.Max(0, held + room - (_options.UnsentBytesMax / 4) - bytes));
        return bytes <= room + held - last.PrivateBytes;
    }

    private static SendResult Answer(ref Connection row)
    {
        if (row.State != ConnectionState.Open)
        {
            return SendResult.Refused;
        }
        if ((row.Flags & ConnectionFlags.Blocked) == 0)
        {
            return SendResult.Sent;
        }
        row.Flags |= ConnectionFlags.OwesDrained;
        return SendResult.Queued;
    }

    // Behind a message in parts nothing is owed for its own sake before that has ended.
    private static SendResult AnswerWhole(ref Connection row) =>
        row.State == ConnectionState.Open && (row.Flags & ConnectionFlags.InParts) != 0 ? SendResult.Queued : Answer(ref row);

    private bool MayCompress(in Connection row, int bytes, SendOptions options) =>
        row.Protocol.Deflate.Agreed && _compressLeft > 0 && (options & SendOptions.Uncompressed) == 0 && (row.Flags & ConnectionFlags.InParts) == 0
        && _endpoints[row.Endpoint].Deflate is { } deflate && bytes >= deflate.MessageBytesMin && bytes <= deflate.MessageBytesMax;

    private bool SendCompressed(Handle connection, ref Connection row, Opcode opcode, ReadOnlySpan<byte> payload)
    {
        _compressLeft -= payload.Length;
        byte[] work = Buffers.Rent(Deflater.BytesMax(payload.Length));
        int length = Deflater.Compress(default, payload, row.Protocol.Deflate.SendWindowBits, work, out _);
        bool pays = length < payload.Length;
        if (pays)
        {
            ForgetWindow(connection, ref row); // before it is written, which may send it
            WriteMessage(connection, row, opcode, work.AsSpan(0, length), compressed: true);
        }
        Buffers.Return(work);
        return pays;
    }

    private bool TryAddShared(Handle connection, ref Connection row, SharedMessage message)
    {
        if (!GoesToBatch(connection, row) || (row.Flags & ConnectionFlags.InParts) != 0)
        {
            return false;
        }
        if (_batch.TryAddShared(message, default, 0))
        {
            return true;
        }
        Flush(connection, ref row);
        return GoesToBatch(connection, row) && _batch.TryAddShared(message, default, 0);
    }

    private SendResult SendFrame(Handle connection, ref Connection row, ReadOnlySpan<byte> frame)
    {
        if (!MaySend(connection, frame.Length))
        {
            return SendResult.Refused;
        }
        frame.CopyTo(ReserveMessage(connection, row, frame.Length));
        CommitMessage(connection, row, frame.Length);
        return AnswerWhole(ref row);
    }

    private void WriteMessage(Handle connection, in Connection row, Opcode opcode, ReadOnlySpan<byte> payload, bool compressed)
    {
        int size = FrameHeader.SizeOf(payload.Length, masked: false) + payload.Length;
        FrameHeader.WriteFrame(ReserveMessage(connection, row, size), opcode, final: true, payload, compressed);
        CommitMessage(connection, row, size);
    }

    // Room for a whole message: behind the one that is sent in parts, if there is one.
    private Span<byte> ReserveMessage(Handle connection, in Connection row, int count)
    {
        if ((row.Flags & ConnectionFlags.InParts) == 0)
        {
            return Reserve(connection, count);
        }
        if (!_afterParts.TryGetValue(connection, out Outbox? waiting))
        {
            _afterParts.Add(connection, waiting = new Outbox());
        }
        return waiting.Reserve(count, Buffers);
    }

    private void CommitMessage(Handle connection, in Connection row, int count)
    {
        if ((row.Flags & ConnectionFlags.InParts) == 0)
        {
            Commit(connection, count, boundary: 0);
        }
        else
        {
            _afterParts[connection].Commit(count);
        }
    }

    /// <summary>A connection's way out as the protocol core sees it.</summary>
    private sealed class Outgoing(EventLoop loop) : IBufferWriter<byte>
    {
        public Handle Target { get; set; }

        public Span<byte> GetSpan(int sizeHint = 0) => loop.Reserve(Target, Math.Max(sizeHint, 1));

        public void Advance(int count)
        {
            if (count > 0)
            {
                bool isFrame = loop._connections[Target.Index].State >= ConnectionState.Open;
                if (isFrame && loop.TryKeepPong(Target, count))
                {
                    return;
                }
                loop.Commit(Target, count, boundary: isFrame ? 0 : count);
            }
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new NotSupportedException("The protocol core writes spans.");
    }
}
