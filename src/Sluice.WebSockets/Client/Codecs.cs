using System.Buffers;
using System.Collections.Concurrent;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>The compressors and decompressors of all clients of the process. None holds anything of a connection between messages.</summary>
internal static class Codecs
{
    // More are in use only while more threads than there are cores compress at once.
    private static readonly int s_keptMax = Environment.ProcessorCount;

    private static readonly ConcurrentBag<Deflater> s_deflaters = [];
    private static readonly ConcurrentBag<Inflater> s_inflaters = [];

    internal static Inflater RentInflater() => s_inflaters.TryTake(out Inflater? inflater) ? inflater : new Inflater();

    internal static void Return(Inflater inflater)
    {
        if (s_inflaters.Count < s_keptMax)
        {
            s_inflaters.Add(inflater);
        }
    }

    /// <summary>Compresses a message by itself, without looking back at earlier ones, whatever was agreed: that is always legal.</summary>
    /// <param name="payload">The message; if it became smaller, what it became.</param>
    /// <param name="windowBits">As agreed.</param>
    /// <param name="rented">What the smaller one lies in, of the shared pool.</param>
    internal static bool TryCompress(ref ReadOnlySequence<byte> payload, int windowBits, out byte[]? rented)
    {
        int length = (int)payload.Length;
        byte[]? gathered = payload.IsSingleSegment ? null : ArrayPool<byte>.Shared.Rent(length);
        if (gathered is not null)
        {
            payload.CopyTo(gathered);
        }
        ReadOnlySpan<byte> message = gathered is null ? payload.FirstSpan : gathered.AsSpan(0, length);
        rented = ArrayPool<byte>.Shared.Rent(Deflater.BytesMax(length));
        Deflater deflater = s_deflaters.TryTake(out Deflater? kept) ? kept : new Deflater();
        int compressed = deflater.Compress(default, message, windowBits, rented, out _);
        if (s_deflaters.Count < s_keptMax)
        {
            s_deflaters.Add(deflater);
        }
        if (gathered is not null)
        {
            ArrayPool<byte>.Shared.Return(gathered);
        }
        bool isSmaller = compressed < length;
        payload = isSmaller ? new ReadOnlySequence<byte>(rented, 0, compressed) : payload;
        return isSmaller;
    }
}
