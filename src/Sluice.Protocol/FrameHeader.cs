using System.Buffers.Binary;

namespace Sluice.Protocol;

/// <summary>The header of one frame (RFC 6455, 5.2) and its bytes. It decodes; which headers are allowed is decided
/// where they are read.</summary>
public readonly struct FrameHeader
{
    /// <summary>The longest header: two bytes, a 64-bit length, a mask key.</summary>
    public const int BytesMax = 14;

    /// <summary>The longest payload of a control frame, and the longest that the second byte can tell.</summary>
    public const int ControlPayloadBytesMax = 125;

    private const int FinalBit = 0x80;
    private const int CompressedBit = 0x40; // RSV1 (RFC 7692, 6)
    private const int MaskBit = 0x80;
    private const int Length16 = 126;
    private const int Length64 = 127;

    private readonly byte _first;
    private readonly byte _second;

    private FrameHeader(byte first, byte second, int size, ulong payloadLength, uint mask)
    {
        _first = first;
        _second = second;
        Size = size;
        PayloadLength = payloadLength;
        Mask = mask;
    }

    /// <summary>How many bytes the header takes.</summary>
    public int Size { get; }

    /// <summary>The mask key, its first byte lowest; 0 if the frame is not masked.</summary>
    public uint Mask { get; }

    /// <summary>As declared by the peer: nothing is known about it yet, not even that its top bit is clear.</summary>
    public ulong PayloadLength { get; }

    /// <summary>The four bits as they are; not all are in <see cref="Protocol.Opcode"/>.</summary>
    public Opcode Opcode => (Opcode)(_first & 0x0F);

    /// <summary>RSV1, RSV2 and RSV3 in bits 6, 5 and 4.</summary>
    public int ReservedBits => _first & 0x70;

    /// <summary>Whether RSV1 is the only one of them that is set: the message is compressed, where that was agreed.</summary>
    public bool Compressed => ReservedBits == CompressedBit;

    /// <summary>Whether this frame ends its message.</summary>
    public bool Final => (_first & FinalBit) != 0;

    /// <summary>Whether the payload is masked.</summary>
    public bool Masked => (_second & MaskBit) != 0;

    /// <summary>Whether the length was written in as few bytes as it needs, as RFC 6455, 5.2, demands.</summary>
    public bool Minimal => (_second & 0x7F) switch
    {
        Length16 => PayloadLength >= Length16,
        Length64 => PayloadLength > ushort.MaxValue,
        _ => true,
    };

    /// <summary>Reads the header at the beginning of <paramref name="bytes"/>.</summary>
    /// <returns>False when it is not there whole.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        if (bytes.Length < 2)
        {
            header = default;
            return false;
        }
        byte first = bytes[0];
        byte second = bytes[1];
        int code = second & 0x7F;
        int maskAt = code < Length16 ? 2 : code == Length16 ? 4 : 10;
        int size = maskAt + ((second & MaskBit) >> 5);
        if (bytes.Length < size)
        {
            header = default;
            return false;
        }
        ulong length = code switch
        {
            < Length16 => (uint)code,
            Length16 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            _ => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
        };
        uint mask = size == maskAt ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes[maskAt..]);
        header = new(first, second, size, length, mask);
        return true;
    }

    /// <summary>Writes a frame as a server sends it: a header, and the payload as it is.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes and the payload's.</param>
    /// <param name="opcode">What the frame carries.</param>
    /// <param name="final">Whether the frame ends its message.</param>
    /// <param name="payload">For text valid UTF-8, which is not checked.</param>
    /// <param name="compressed">As for <see cref="Write"/>.</param>
    public static void WriteFrame(Span<byte> destination, Opcode opcode, bool final, ReadOnlySpan<byte> payload, bool compressed = false)
    {
        int header = Write(destination, opcode, final, payload.Length, mask: null, compressed);
        payload.CopyTo(destination[header..]);
    }

    /// <summary>How many bytes <see cref="Write"/> will write.</summary>
    public static int SizeOf(long payloadLength, bool masked)
    {
        int size = payloadLength < Length16 ? 2 : payloadLength <= ushort.MaxValue ? 4 : 10;
        return masked ? size + sizeof(uint) : size;
    }

    /// <summary>Writes a header, its length in as few bytes as it needs.</summary>
    /// <param name="destination">At least <see cref="SizeOf"/> bytes.</param>
    /// <param name="opcode">What the frame carries.</param>
    /// <param name="final">Whether the frame ends its message.</param>
    /// <param name="payloadLength">How many bytes of payload follow.</param>
    /// <param name="mask">The key that the payload is masked with, its first byte lowest; null if it is not.</param>
    /// <param name="compressed">Whether the payload is compressed (RFC 7692); on the first frame of a message only.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> destination, Opcode opcode, bool final, long payloadLength, uint? mask, bool compressed = false)
    {
        Invariant.Check(payloadLength >= 0, "A payload has no negative length.");
        int maskBit = mask.HasValue ? MaskBit : 0;
        destination[0] = (byte)((final ? FinalBit : 0) | (compressed ? CompressedBit : 0) | (int)opcode);
        int written = 2;
        if (payloadLength < Length16)
        {
            destination[1] = (byte)(maskBit | (int)payloadLength);
        }
        else if (payloadLength <= ushort.MaxValue)
        {
            destination[1] = (byte)(maskBit | Length16);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
            written = 4;
        }
        else
        {
            destination[1] = (byte)(maskBit | Length64);
            BinaryPrimitives.WriteInt64BigEndian(destination[2..], payloadLength);
            written = 10;
        }
        if (mask is uint key)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(destination[written..], key);
            written += sizeof(uint);
        }
        return written;
    }
}
