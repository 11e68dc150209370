using System.Text;
using Sluice.Protocol;

namespace Sluice.Live.Hardening;

/// <summary>What peers put on the wire.</summary>
internal static class Wire
{
    internal const string Path = "/echo";
    internal const string Line = "GET " + Path + " HTTP/1.1";
    internal const string Host = "Host: localhost\r\n";
    internal const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    internal const string Version13 = "Sec-WebSocket-Version: 13\r\n";
    internal const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    internal const string Good = Host + Upgrade + Version13 + Key;
    internal const string Deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

    /// <summary>What a peer goes on to say when it has been refused and does not know it yet, or does not care.</summary>
    internal static byte[] Noise { get; } = Pattern(100 << 10, seed: 7);

    internal static string Request(string headers = Good, string line = Line) => $"{line}\r\n{headers}\r\n";

    internal static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    internal static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A frame of a client whose mask key is 0, which is legal.</summary>
    internal static byte[] Frame(Opcode opcode, ReadOnlySpan<byte> payload, bool final = true, bool compressed = false)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, masked: true) + payload.Length];
        int header = FrameHeader.Write(frame, opcode, final, payload.Length, 0, compressed);
        payload.CopyTo(frame.AsSpan(header));
        return frame;
    }

    /// <summary>Frames of a message that has not ended.</summary>
    internal static byte[] Fragments(int count, int bytes) =>
        [.. Enumerable.Range(0, count).SelectMany(i => Frame(i == 0 ? Opcode.Binary : Opcode.Continuation, new byte[bytes], final: false))];

    internal static byte[] Deflated(ReadOnlySpan<byte> message)
    {
        byte[] compressed = new byte[Deflater.BytesMax(message.Length)];
        return compressed[..new Deflater().Compress(default, message, DeflateAgreement.WindowBitsMax, compressed, out _)];
    }

    /// <summary>Inflates a whole message, after those that this inflater did before if they are looked back at.</summary>
    internal static byte[] Inflated(Inflater inflater, ReadOnlySpan<byte> compressed, int windowBits, bool keepWindow)
    {
        List<byte> message = [];
        inflater.Begin(windowBits, keepWindow);
        InflateStatus status;
        do
        {
            status = inflater.Step(compressed, final: true, out int consumed, out Span<byte> output);
            message.AddRange(output);
            compressed = compressed[consumed..];
        }
        while (status == InflateStatus.More);
        Xunit.Assert.Equal(InflateStatus.Done, status);
        return [.. message];
    }

    internal static byte[] Pattern(int count, byte seed)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)((i * 31) + seed + (i >> 8));
        }
        return bytes;
    }
}
