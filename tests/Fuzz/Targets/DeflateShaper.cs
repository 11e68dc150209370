using System.IO.Compression;

namespace Sluice.Fuzz;

/// <summary>Makes compressed messages, those of an honest compressor and those that no compressor would write.</summary>
/// <param name="dice">Decides everything.</param>
internal sealed class DeflateShaper(Dice dice)
{
    /// <summary>Messages to begin with; of RFC 7692, 7.2.3, and some that are wrong.</summary>
    public static byte[][] Seeds { get; } =
    [
        [], [0x00], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
        [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], [0x02, 0x03, 0x80], [0x4A, 0x04, 0x83, 0x00],
        [0xED, 0xC1, 0x01, 0x01],
    ];

    /// <summary>Ends of blocks and of streams.</summary>
    public static byte[][] Tokens { get; } =
    [
        [0x00, 0x00, 0xFF, 0xFF], [0x00, 0x00, 0x00, 0xFF, 0xFF], [0x01, 0x00, 0x00, 0xFF, 0xFF], [0x03, 0x00], [0x02], [0x04], [0xED],
    ];

    /// <summary>Puts a stream into the place of the rest of an input, or behind it.</summary>
    /// <param name="input">Changed.</param>
    /// <param name="from">Where the settings end.</param>
    public void Reshape(List<byte> input, int from)
    {
        int at = dice.Below(3) == 0 ? input.Count : from;
        input.RemoveRange(at, input.Count - at);
        OddBlocks odd = new(dice);
        input.AddRange(dice.Below(8) switch
        {
            < 4 => Honest(),
            < 7 => odd.Write(),
            _ => odd.WriteFar(),
        });
    }

    // Segments of text, each flushed, in all levels; with a final block sometimes.
    private byte[] Honest()
    {
        using MemoryStream output = new();
        using DeflateStream deflate = new(output, (CompressionLevel)dice.Below(4), leaveOpen: true);
        for (int segments = dice.Small(3); segments > 0; segments--)
        {
            deflate.Write(Data());
            deflate.Flush();
        }
        if (dice.Below(4) == 0)
        {
            deflate.Dispose();
            return output.ToArray();
        }
        return output.Length >= 4 ? output.ToArray()[..^4] : [];
    }

    private byte[] Data()
    {
        int length = 1 << dice.Below(dice.Below(16) + 1);
        byte[] data = new byte[length];
        int alphabet = 1 << dice.Below(9);
        int period = 1 + dice.Below(length);
        for (int i = 0; i < length; i++)
        {
            data[i] = i >= period && dice.Below(50) > 0 ? data[i - period] : (byte)dice.Below(alphabet);
        }
        return data;
    }
}
