using ICSharpCode.SharpZipLib.Zip.Compression;

namespace Sluice.Bench.Codecs;

/// <summary>SharpZipLib, level 6, reset for every message. Raw DEFLATE takes no history there: it is compressed and thrown away.
/// Its flush ends with empty fixed blocks, so a zero byte would have to follow.</summary>
internal sealed class SharpZipLibCodec() : Codec("SharpZipLib")
{
    private static readonly byte[] s_tail = [0x00, 0x00, 0xFF, 0xFF];

    private Deflater Deflater => field ??= new(6, noZlibHeaderOrFooter: true);

    private Inflater Inflater => field ??= new(noHeader: true);

    internal override int Deflate(byte[] history, byte[] message, byte[] destination)
    {
        Deflater.Reset();
        if (history.Length > 0)
        {
            Take(history, destination);
        }
        int length = Take(message, destination);
        destination[length] = 0;
        return length + 1;
    }

    internal override int Inflate(byte[] compressed, byte[] plain)
    {
        Inflater.SetInput(compressed);
        int length = TakeAll(plain, 0);
        Inflater.SetInput(s_tail);
        return TakeAll(plain, length);
    }

    private int Take(byte[] input, byte[] destination)
    {
        Deflater.SetInput(input);
        Deflater.Flush();
        int written = 0;
        int count;
        while ((count = Deflater.Deflate(destination, written, destination.Length - written)) > 0)
        {
            written += count;
        }
        return written;
    }

    private int TakeAll(byte[] plain, int written)
    {
        int count;
        while (written < plain.Length && (count = Inflater.Inflate(plain, written, plain.Length - written)) > 0)
        {
            written += count;
        }
        return written;
    }
}
