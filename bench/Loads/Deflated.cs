using System.Buffers;
using System.IO.Compression;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>permessage-deflate as the base library's codec does it, so that ours is not its own judge.</summary>
internal static class Deflated
{
    private const int CompressedBit = 0x40; // RSV1

    private static readonly byte[] s_flushed = [0x00, 0x00, 0xFF, 0xFF];

    /// <summary>A masked client's frame with a compressed message (RFC 7692, 7.2.1).</summary>
    internal static byte[] ClientFrame(Opcode opcode, ReadOnlySpan<byte> message)
    {
        ArrayBufferWriter<byte> frame = new();
        WebSocketConnection<ClientRole>.WriteFrame(frame, opcode, Compress(message), new CheapMaskKeys());
        byte[] bytes = frame.WrittenSpan.ToArray();
        bytes[0] |= CompressedBit;
        return bytes;
    }

    private static byte[] Compress(ReadOnlySpan<byte> message)
    {
        using MemoryStream output = new();
        using DeflateStream deflater = new(output, CompressionLevel.SmallestSize);
        deflater.Write(message);
        deflater.Flush();
        byte[] bytes = output.ToArray();
        return bytes.AsSpan().EndsWith(s_flushed) ? bytes[..^s_flushed.Length] : throw new InvalidOperationException("A flush ends with an empty block.");
    }

    /// <summary>What one peer inflates, message after message in one window.</summary>
    internal sealed class Reader : IDisposable
    {
        private readonly Arrived _arrived = new();
        private readonly DeflateStream _inflater;

        internal Reader() => _inflater = new DeflateStream(_arrived, CompressionMode.Decompress);

        /// <summary>Inflates a message that must have as many bytes as <paramref name="message"/>.</summary>
        internal void Inflate(ReadOnlySpan<byte> payload, Span<byte> message)
        {
            _arrived.Set([.. payload, .. s_flushed]);
            _inflater.ReadExactly(message);
        }

        public void Dispose() => _inflater.Dispose();
    }

    /// <summary>Gives what was put into it, and then nothing for now.</summary>
    private sealed class Arrived : Stream
    {
        private ReadOnlyMemory<byte> _bytes;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, _bytes.Length);
            _bytes[..count].Span.CopyTo(buffer);
            _bytes = _bytes[count..];
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        internal void Set(byte[] bytes) => _bytes = _bytes.IsEmpty ? bytes : (byte[])[.. _bytes.Span, .. bytes];
    }
}
