using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>A server's frame as far as it must be known to be counted: where readers are very many, the load must cost less than the server.</summary>
internal readonly ref struct SkimmedFrame
{
    private readonly FrameHeader _header;

    private SkimmedFrame(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        _header = header;
        Payload = payload;
    }

    internal Opcode Opcode => _header.Opcode;

    internal bool IsCompressed => _header.ReservedBits != 0;

    /// <summary>As it is on the wire.</summary>
    internal ReadOnlySpan<byte> Payload { get; }

    /// <summary>Header included.</summary>
    internal int WireBytes => _header.Size + Payload.Length;

    /// <summary>Reads one that is there whole.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> input, out SkimmedFrame frame)
    {
        frame = default;
        if (!FrameHeader.TryRead(input, out FrameHeader header) || header.PayloadLength > (ulong)(input.Length - header.Size))
        {
            return false;
        }
        if (header.Masked || (header.Opcode < Opcode.Close && !header.Final))
        {
            throw new IOException("A frame came that no server here sends.");
        }
        frame = new(header, input.Slice(header.Size, (int)header.PayloadLength));
        return true;
    }
}
