using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;

namespace Sluice.Protocol;

/// <summary>The events in one piece of input, pulled one by one: <c>foreach (var e in connection.Receive(...))</c>.</summary>
/// <remarks>What must survive it is written to the connection, event by event.</remarks>
/// <typeparam name="TRole">Which end we are.</typeparam>
public ref partial struct EventReader<TRole> where TRole : struct, IRole
{
    private readonly ref WebSocketConnection<TRole> _connection;
    private readonly IBufferWriter<byte> _replies;
    private readonly WebSocketLimits _limits;
    private readonly IMaskKeys? _masks;
    private readonly Inflater? _inflater;
    private Span<byte> _rest;
    private WebSocketEvent _current;

    internal EventReader(
        ref WebSocketConnection<TRole> connection, Span<byte> input, IBufferWriter<byte> replies, WebSocketLimits limits, IMaskKeys? masks, Inflater? inflater)
    {
        Invariant.Check(inflater is not null || !connection.Deflate.Agreed, "Where compression was agreed, an inflater is passed.");
        _connection = ref connection;
        _replies = replies;
        _limits = limits;
        _masks = masks;
        _inflater = inflater;
        _rest = connection.CloseReceived ? default : input;
        connection.UnreadBytes = _rest.Length;
    }

    /// <summary>The event that <see cref="MoveNext"/> found.</summary>
    public readonly WebSocketEvent Current => _current;

    /// <summary>Itself, for <c>foreach</c>.</summary>
    public readonly EventReader<TRole> GetEnumerator() => this;

    /// <summary>Reads on to the next event.</summary>
    /// <returns>False when the input holds no further one.</returns>
    public bool MoveNext()
    {
        bool found = Read();
        _connection.UnreadBytes = _rest.Length;
        return found;
    }

    private bool Read()
    {
        if (TakeShortMessage())
        {
            return true;
        }
        if ((_connection.FrameRemaining > 0 || (_connection.Flags & ConnectionFlags.MoreInflated) != 0) && TakePayload())
        {
            return true;
        }
        while (FrameHeader.TryRead(_rest, out FrameHeader header))
        {
            if (BreaksFraming(header))
            {
                return true;
            }
            if (header.Opcode >= Opcode.Close)
            {
                return TakeControl(header);
            }
            if (BreaksLimits(header))
            {
                return true;
            }
            BeginFrame(header);
            if (TakePayload())
            {
                return true;
            }
        }
        return false;
    }

    // Most messages are one short frame that is here whole. Everything that the general way would decide about such a
    // frame is decided here by a few compares, and no state but the position changes.
    private bool TakeShortMessage()
    {
        Span<byte> rest = _rest;
        int prefix = TRole.MasksOutput ? 2 : 2 + sizeof(uint);
        if (rest.Length < prefix)
        {
            return false;
        }
        int kind = rest[0] & ~0x80;
        uint length = (uint)rest[1] - (TRole.MasksOutput ? 0u : 0x80u);
        if (rest[0] - 0x81u > 1 || length > FrameHeader.ControlPayloadBytesMax || rest.Length - prefix < (int)length
            || _connection.InMessage || length > _limits.MessageBytesMax)
        {
            return false;
        }
        Span<byte> payload = rest.Slice(prefix, (int)length);
        if (!TRole.MasksOutput)
        {
            Masking.Apply(payload, BinaryPrimitives.ReadUInt32LittleEndian(rest[2..]));
        }
        _rest = rest[(prefix + (int)length)..];
        if (kind == 1 && !Utf8.IsValid(payload))
        {
            return Fail(CloseCodes.InvalidPayload, "invalid UTF-8"u8);
        }
        _current = new(WebSocketEventKind.Data, (Opcode)kind, payload) { First = true, Last = true };
        return true;
    }

    // RFC 6455, 5.2 to 5.5. If the header breaks a rule, the violation is the event.
    private bool BreaksFraming(in FrameHeader header)
    {
        if (header.ReservedBits != 0 && !MayBeCompressed(header))
        {
            return Fail(CloseCodes.ProtocolError, "reserved bit set"u8);
        }
        if (header.Masked == TRole.MasksOutput)
        {
            return Fail(CloseCodes.ProtocolError, TRole.MasksOutput ? "masked frame"u8 : "unmasked frame"u8);
        }
        if (!header.Minimal || header.PayloadLength > long.MaxValue)
        {
            return Fail(CloseCodes.ProtocolError, "invalid length"u8);
        }
        switch (header.Opcode)
        {
            case Opcode.Continuation:
                return !_connection.InMessage && Fail(CloseCodes.ProtocolError, "nothing to continue"u8);
            case Opcode.Text:
            case Opcode.Binary:
                return _connection.InMessage && Fail(CloseCodes.ProtocolError, "message within a message"u8);
            case Opcode.Close:
            case Opcode.Ping:
            case Opcode.Pong:
                return (!header.Final || header.PayloadLength > FrameHeader.ControlPayloadBytesMax)
                    && Fail(CloseCodes.ProtocolError, "invalid control frame"u8);
            default:
                return Fail(CloseCodes.ProtocolError, "unknown opcode"u8);
        }
    }

    // Likewise.
    private bool BreaksLimits(in FrameHeader header)
    {
        bool continues = header.Opcode == Opcode.Continuation;
        long before = continues ? _connection.MessageBytes : 0;
        bool compressed = continues ? (_connection.Flags & ConnectionFlags.Compressed) != 0 : header.Compressed;
        long declaredMax = compressed ? _limits.CompressedBytesMax : _limits.MessageBytesMax;
        // A subtraction, because the sum could overflow.
        if ((long)header.PayloadLength > declaredMax - before)
        {
            return Fail(CloseCodes.MessageTooBig, "message too big"u8);
        }
        if (continues && _connection.Fragments >= _limits.FragmentsMax)
        {
            return Fail(CloseCodes.MessageTooBig, "too many fragments"u8);
        }
        bool carriesNothing = header.PayloadLength == 0 && !header.Final;
        return carriesNothing && (continues ? _connection.EmptyFragments : 0) >= _limits.EmptyFragmentsMax
            && Fail(CloseCodes.PolicyViolation, "too many empty fragments"u8);
    }

    private void BeginFrame(in FrameHeader header)
    {
        ref WebSocketConnection<TRole> connection = ref _connection;
        _rest = _rest[header.Size..];
        connection.FrameRemaining = (long)header.PayloadLength;
        connection.MaskKey = header.Mask;
        ConnectionFlags flags = connection.Flags & ~ConnectionFlags.FinalFrame;
        if (header.Opcode != Opcode.Continuation)
        {
            connection.MessageBytes = 0;
            connection.Fragments = 0;
            connection.EmptyFragments = 0;
            flags &= ~(ConnectionFlags.MessageSeen | ConnectionFlags.TextMessage | ConnectionFlags.Compressed);
            flags |= ConnectionFlags.MessageOpen | (header.Opcode == Opcode.Text ? ConnectionFlags.TextMessage : ConnectionFlags.None);
            if (header.ReservedBits != 0)
            {
                flags |= ConnectionFlags.Compressed;
                _inflater!.Begin(connection.Deflate.ReceiveWindowBits, keepWindow: !connection.Deflate.ReceiveFresh);
            }
        }
        connection.MessageBytes += connection.FrameRemaining;
        connection.Fragments++;
        if (header.Final)
        {
            flags |= ConnectionFlags.FinalFrame;
        }
        else if (header.PayloadLength == 0)
        {
            connection.EmptyFragments++;
        }
        connection.Flags = flags;
    }

    // Whatever of the current frame is in the input. False if that is nothing and does not end the message either.
    private bool TakePayload()
    {
        ref WebSocketConnection<TRole> connection = ref _connection;
        if ((connection.Flags & ConnectionFlags.Compressed) != 0)
        {
            return TakeCompressed();
        }
        int count = (int)Math.Min(connection.FrameRemaining, _rest.Length);
        Span<byte> payload = _rest[..count];
        _rest = _rest[count..];
        connection.FrameRemaining -= count;
        if (!TRole.MasksOutput)
        {
            Masking.Apply(payload, connection.MaskKey);
            connection.MaskKey = Masking.Advance(connection.MaskKey, count);
        }
        bool last = connection.FrameRemaining == 0 && (connection.Flags & ConnectionFlags.FinalFrame) != 0;
        return (count > 0 || last) && Deliver(payload, last);
    }

    private bool Deliver(Span<byte> payload, bool last)
    {
        ref WebSocketConnection<TRole> connection = ref _connection;
        ConnectionFlags flags = connection.Flags;
        bool first = (flags & ConnectionFlags.MessageSeen) == 0;
        bool text = (flags & ConnectionFlags.TextMessage) != 0;
        // At its end a text has no character cut in two; the state is then as new, for the next one.
        if (text && !(connection.Text.Accept(payload) && (!last || connection.Text.Complete)))
        {
            return Fail(CloseCodes.InvalidPayload, "invalid UTF-8"u8);
        }
        connection.Flags = last ? flags & ~ConnectionFlags.MessageOpen : flags | ConnectionFlags.MessageSeen;
        _current = new(WebSocketEventKind.Data, text ? Opcode.Text : Opcode.Binary, payload) { First = first, Last = last };
        return true;
    }

    private bool TakeControl(in FrameHeader header)
    {
        int length = (int)header.PayloadLength;
        if (_rest.Length - header.Size < length)
        {
            return false;
        }
        Span<byte> payload = _rest.Slice(header.Size, length);
        _rest = _rest[(header.Size + length)..];
        if (!TRole.MasksOutput)
        {
            Masking.Apply(payload, header.Mask);
        }
        if (header.Opcode == Opcode.Close)
        {
            return TakeClose(payload);
        }
        if (header.Opcode == Opcode.Ping && !_connection.CloseSent)
        {
            WebSocketConnection<TRole>.WriteFrame(_replies, Opcode.Pong, payload, _masks);
        }
        _current = new(header.Opcode == Opcode.Ping ? WebSocketEventKind.Ping : WebSocketEventKind.Pong, header.Opcode, payload);
        return true;
    }

    // RFC 6455, 5.5.1: the answer to a close frame repeats its code.
    private bool TakeClose(ReadOnlySpan<byte> payload)
    {
        ushort code = 0;
        ReadOnlySpan<byte> reason = default;
        if (!payload.IsEmpty)
        {
            if (payload.Length < sizeof(ushort) || !CloseCodes.IsValidReceived(code = BinaryPrimitives.ReadUInt16BigEndian(payload)))
            {
                return Fail(CloseCodes.ProtocolError, "invalid close code"u8);
            }
            reason = payload[sizeof(ushort)..];
            if (!Utf8.IsValid(reason))
            {
                return Fail(CloseCodes.InvalidPayload, "invalid UTF-8 in the close reason"u8);
            }
        }
        End(code, default);
        _current = new(WebSocketEventKind.Close, code == 0 ? CloseCodes.NoStatus : code, reason);
        return true;
    }

    private bool Fail(ushort code, ReadOnlySpan<byte> reason)
    {
        End(code, reason);
        _current = new(WebSocketEventKind.Violation, code, reason);
        return true;
    }

    private void End(ushort code, ReadOnlySpan<byte> reason)
    {
        _connection.WriteClose(_replies, code, reason, _masks);
        _connection.Flags |= ConnectionFlags.CloseReceived;
        _connection.Flags &= ~(ConnectionFlags.MessageOpen | ConnectionFlags.MoreInflated);
        _rest = default;
    }
}
