using System.IO.Compression;

namespace Sluice.Bench.Codecs;

/// <summary>DeflateStream of the runtime. It can neither be reset nor given a history: each message has a stream of its own, and a
/// history is compressed and thrown away.</summary>
internal sealed class RuntimeCodec() : Codec("DeflateStream")
{
    private static readonly byte[] s_tail = [0x00, 0x00, 0xFF, 0xFF];

    private readonly MemoryStream _compressed = new();
    private readonly MemoryStream _input = new();
    private DeflateStream? _deflate;
    private DeflateStream? _inflate;

    internal override int Deflate(byte[] history, byte[] message, byte[] destination)
    {
        _deflate?.Dispose(); // only now, so that what a context holds can be seen
        _compressed.SetLength(0);
        _deflate = new(_compressed, CompressionLevel.Optimal, leaveOpen: true);
        if (history.Length > 0)
        {
            _deflate.Write(history);
            _deflate.Flush();
            _compressed.SetLength(0);
        }
        _deflate.Write(message);
        _deflate.Flush();
        int length = (int)_compressed.Length - s_tail.Length;
        _compressed.GetBuffer().AsSpan(0, length).CopyTo(destination);
        return length;
    }

    internal override int Inflate(byte[] compressed, byte[] plain)
    {
        _inflate ??= new(_input, CompressionMode.Decompress);
        _input.SetLength(0);
        _input.Write(compressed);
        _input.Write(s_tail);
        _input.Position = 0;
        int written = 0;
        int read;
        while ((read = _inflate.Read(plain, written, plain.Length - written)) > 0)
        {
            written += read;
        }
        return written;
    }

    public override void Dispose()
    {
        _deflate?.Dispose();
        _inflate?.Dispose();
        _input.Dispose();
        _compressed.Dispose();
        base.Dispose();
    }
}
