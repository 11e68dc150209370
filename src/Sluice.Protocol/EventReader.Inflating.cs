namespace Sluice.Protocol;

// Compressed messages (RFC 7692, 6.2). Only what the inflater consumed counts as read, so that the enumeration may be left
// after any event, in the middle of a piece of payload too.
public ref partial struct EventReader<TRole>
{
    private const int InflateBytesMax = 4096; // in one step, since what a step leaves is masked again

    // RSV1 on the first frame of a message, where it was agreed; nothing else.
    private readonly bool MayBeCompressed(in FrameHeader header) =>
        header.Compressed && _connection.Deflate.Agreed && header.Opcode is Opcode.Text or Opcode.Binary;

    private bool TakeCompressed()
    {
        ref WebSocketConnection<TRole> connection = ref _connection;
        while (true)
        {
            int count = (int)Math.Min(connection.FrameRemaining, Math.Min(_rest.Length, InflateBytesMax));
            bool final = count == connection.FrameRemaining && (connection.Flags & ConnectionFlags.FinalFrame) != 0;
            if (count == 0 && !final && (connection.Flags & ConnectionFlags.MoreInflated) == 0)
            {
                return false;
            }
            InflateStatus status = Inflate(_rest[..count], final, out Span<byte> output);
            if (status == InflateStatus.Broken)
            {
                return Fail(CloseCodes.InvalidPayload, "invalid compressed data"u8);
            }
            if (_inflater!.MessageBytes > _limits.MessageBytesMax)
            {
                return Fail(CloseCodes.MessageTooBig, "message too big"u8);
            }
            if (output.Length > 0 || status == InflateStatus.Done)
            {
                return Deliver(output, last: status == InflateStatus.Done);
            }
        }
    }

    private InflateStatus Inflate(Span<byte> piece, bool final, out Span<byte> output)
    {
        ref WebSocketConnection<TRole> connection = ref _connection;
        if (!TRole.MasksOutput)
        {
            Masking.Apply(piece, connection.MaskKey);
        }
        InflateStatus status = _inflater!.Step(piece, final, out int consumed, out output);
        if (!TRole.MasksOutput)
        {
            connection.MaskKey = Masking.Advance(connection.MaskKey, consumed);
            Masking.Apply(piece[consumed..], connection.MaskKey);
        }
        _rest = _rest[consumed..];
        connection.FrameRemaining -= consumed;
        connection.Flags = status == InflateStatus.More
            ? connection.Flags | ConnectionFlags.MoreInflated
            : connection.Flags & ~ConnectionFlags.MoreInflated;
        return status;
    }
}
