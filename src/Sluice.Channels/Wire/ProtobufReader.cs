namespace Sluice.Channels.Wire;

/// <summary>How a Protobuf field is written. Groups, and the two numbers beyond these, are not read by anybody any more.</summary>
internal enum ProtobufType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Reads the fields of one Protobuf message. Every answer of false is final: the message is malformed, or, where
/// <see cref="IsAtEnd"/> says so, over.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int VarintBytesMax = 10;
    private const int TypeBits = 3;
    private const int NumberMax = (1 << 29) - 1;

    private ReadOnlySpan<byte> _rest = message;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public bool TryReadTag(out int number, out ProtobufType type)
    {
        bool read = TryReadVarint(out ulong tag);
        type = (ProtobufType)(tag & ((1 << TypeBits) - 1));
        ulong field = tag >> TypeBits;
        number = (int)Math.Min(field, int.MaxValue);
        return read && field is > 0 and <= NumberMax;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(_rest.Length, VarintBytesMax); i++)
        {
            byte part = _rest[i];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part <= 0x7F)
            {
                _rest = _rest[(i + 1)..];
                return i < VarintBytesMax - 1 || part <= 1; // the tenth holds one bit
            }
        }
        return false;
    }

    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return TryReadVarint(out ulong length) && length <= (ulong)_rest.Length && TryTake((int)length, out bytes);
    }

    public bool TrySkip(ProtobufType type) => type switch
    {
        ProtobufType.Varint => TryReadVarint(out _),
        ProtobufType.Fixed64 => TryTake(sizeof(ulong), out _),
        ProtobufType.Bytes => TryReadBytes(out _),
        ProtobufType.Fixed32 => TryTake(sizeof(uint), out _),
        _ => false,
    };

    private bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (count > _rest.Length)
        {
            return false;
        }
        bytes = _rest[..count];
        _rest = _rest[count..];
        return true;
    }
}
