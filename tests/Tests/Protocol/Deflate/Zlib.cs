using System.IO.Compression;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>The runtime's zlib, as the other end of a connection.</summary>
internal static class Zlib
{
    private static readonly byte[] s_tail = [0x00, 0x00, 0xFF, 0xFF];

    /// <summary>Messages that look back at each other, each as RFC 7692, 7.2.1 wants it.</summary>
    public static byte[][] DeflateRun(IEnumerable<byte[]> messages, CompressionLevel level = CompressionLevel.Optimal)
    {
        using MemoryStream compressed = new();
        using DeflateStream stream = new(compressed, level);
        List<byte[]> result = [];
        foreach (byte[] message in messages)
        {
            compressed.SetLength(0);
            stream.Write(message);
            stream.Flush();
            byte[] bytes = compressed.ToArray();
            if (bytes.Length == 0) // nothing was written, and so nothing flushed
            {
                bytes = [0, .. s_tail];
            }
            Assert.Equal(s_tail, bytes[^4..]);
            result.Add(bytes[..^4]);
        }
        return [.. result];
    }

    public static byte[] Deflate(byte[] message, CompressionLevel level = CompressionLevel.Optimal) => DeflateRun([message], level)[0];

    /// <summary>Inflates messages that look back at each other, the tails put back (RFC 7692, 7.2.2).</summary>
    public static byte[] InflateRun(params IEnumerable<byte[]> messages)
    {
        byte[] joined = [.. messages.SelectMany(static message => (byte[])[.. message, .. s_tail]), 0x03, 0x00]; // an empty last block
        using DeflateStream stream = new(new MemoryStream(joined), CompressionMode.Decompress);
        using MemoryStream plain = new();
        stream.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Stored blocks that bring bytes into the peer's window, as an earlier message would.</summary>
    public static byte[] Stored(ReadOnlySpan<byte> bytes)
    {
        List<byte> blocks = [];
        while (!bytes.IsEmpty)
        {
            ushort count = (ushort)Math.Min(bytes.Length, ushort.MaxValue);
            blocks.AddRange([0, (byte)count, (byte)(count >> 8), (byte)~count, (byte)(~count >> 8), .. bytes[..count]]);
            bytes = bytes[count..];
        }
        return [.. blocks, 0];
    }
}
