using System.IO.Compression;

namespace Sluice.Fuzz;

/// <summary>The runtime's own inflater, which stops at the first block that calls itself the last, has the largest window, and says
/// nothing when a stream ends within a block.</summary>
internal static class SystemInflater
{
    private static readonly byte[] s_output = new byte[2 * ReferenceInflater.OutputBytesMax];

    /// <summary>Inflates a message, up to more output than the reference gives.</summary>
    /// <param name="message">Without the four bytes that its sender left out.</param>
    /// <param name="refused">Whether it found something wrong.</param>
    /// <returns>The output, valid until the next call.</returns>
    public static ReadOnlySpan<byte> Run(ReadOnlySpan<byte> message, out bool refused)
    {
        using MemoryStream input = new([.. message, 0x00, 0x00, 0xFF, 0xFF]);
        using DeflateStream inflater = new(input, CompressionMode.Decompress);
        int length = 0;
        refused = false;
        try
        {
            for (int read = -1; read != 0; length += read)
            {
                read = inflater.Read(s_output, length, Math.Min(s_output.Length - length, 16 << 10));
            }
        }
        catch (InvalidDataException)
        {
            refused = true;
        }
        return s_output.AsSpan(0, length);
    }

    /// <summary>Checks that it and the reference agree about a message without history, as far as it can know.</summary>
    public static void CheckAgainst(ReferenceInflater reference, ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> output = Run(message, out bool refused);
        bool stops = reference.FirstFinalBytes >= 0;
        ReadOnlySpan<byte> expected = stops ? reference.Output[..reference.FirstFinalBytes] : reference.Output;
        // zlib notices that only when it has read as many lengths as it wants, if there are so many bits.
        if (reference.HasNoCodeLengths)
        {
            return;
        }
        bool known = stops || reference.End != InflateEnd.TooLong;
        Oracle.Holds(!known || refused == (!stops && reference.End == InflateEnd.Invalid), "The runtime's inflater refuses what the reference does.");
        bool same = !known ? output.StartsWith(expected) : refused ? expected.StartsWith(output) : output.SequenceEqual(expected);
        Oracle.Holds(same, "The runtime's inflater gives what the reference does.");
    }
}
