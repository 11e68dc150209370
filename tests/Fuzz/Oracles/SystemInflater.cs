using System.IO.Compression;

namespace Sluice.Fuzz;

/// <summary>The runtime's own inflater, which stops at the first block that calls itself the last, has the largest window, and says
/// nothing when a stream ends within a block.</summary>
internal static class SystemInflater
{
    /// <summary>Inflates a message, up to as much output as the reference gives.</summary>
    /// <param name="message">Without the four bytes that its sender left out.</param>
    /// <param name="refused">Whether it found something wrong.</param>
    public static byte[] Run(ReadOnlySpan<byte> message, out bool refused)
    {
        using MemoryStream input = new([.. message, 0x00, 0x00, 0xFF, 0xFF]);
        using DeflateStream inflater = new(input, CompressionMode.Decompress);
        byte[] output = new byte[ReferenceInflater.OutputBytesMax];
        int length = 0;
        refused = false;
        try
        {
            for (int read = -1; read != 0; length += read)
            {
                read = inflater.Read(output, length, Math.Min(output.Length - length, 16 << 10));
            }
        }
        catch (InvalidDataException)
        {
            refused = true;
        }
        return output[..length];
    }

    /// <summary>Checks that it and the reference agree about a message without history, as far as it can know.</summary>
    public static void CheckAgainst(ReferenceInflater reference, ReadOnlySpan<byte> message)
    {
        byte[] output = Run(message, out bool refused);
        bool stops = reference.FirstFinalBytes >= 0;
        byte[] expected = stops ? reference.Output[..reference.FirstFinalBytes] : reference.Output;
        // zlib wants two symbols in a code for code lengths.
        if (reference.HasLoneCodeLength && refused)
        {
            return;
        }
        Oracle.Same(!stops && reference.End == InflateEnd.Invalid, refused, "The runtime's inflater refuses what the reference does.");
        Oracle.Holds(refused ? expected.AsSpan().StartsWith(output) : output.AsSpan().SequenceEqual(expected), "The runtime's inflater gives what the reference does.");
    }
}
