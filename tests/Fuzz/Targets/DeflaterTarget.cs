using System.Numerics;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>The deflater: whatever it is given comes back, by every inflater. An input is a byte with the window, a byte that says how
/// often history and message are repeated, and whether noise is added, a byte that says how much of the rest is history, and plain bytes.</summary>
internal sealed class DeflaterTarget() : Target("deflater")
{
    private const int SettingBytes = 3;
    private const int MessageBytesMax = 24_000;
    private const int NoiseFlag = 0x40;
    private const int ReferenceBytesMax = 4096; // a longer one takes the reference too long

    private static readonly int[] s_repeats = [1, 1, 1, 2, 3, 17, 150, 500];
    private static readonly string[] s_texts =
    [
        "", "a", "hello hello hello", "{\"id\":1,\"price\":10.25},{\"id\":2,\"price\":10.50}", "abcdefghijklmnopqrstuvwxyz0123456789",
    ];

    private readonly Deflater _deflater = new();
    private readonly Deflater _other = new();
    private readonly Inflater _inflater = new();

    /// <inheritdoc/>
    public override int CiExecutions => 3_000;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds =>
        s_texts.Select(static (text, i) => (byte[])[7, (byte)i, (byte)(i * 50), .. Encoding.ASCII.GetBytes(text)]);

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        int windowBits = DeflateAgreement.WindowBitsMin + (input[0] & 7);
        ReadOnlySpan<byte> rest = input[SettingBytes..];
        byte[] history = Repeat(rest[..(rest.Length * input[2] / 255)], s_repeats[(input[1] >> 3) & 7], Deflater.HistoryBytesMax);
        byte[] message = Repeat(rest[(rest.Length * input[2] / 255)..], s_repeats[input[1] & 7], MessageBytesMax);
        if ((input[1] & NoiseFlag) != 0)
        {
            AddNoise(message, new Dice(input[0]));
        }
        byte[] compressed = Compress(history, message, windowBits, out int reach);
        Oracle.Holds(reach >= 0 && reach <= Math.Min(1 << windowBits, history.Length + message.Length),
            "The reach is within the window and what there is.");

        // The window that it says is enough.
        int needed = Math.Max(DeflateAgreement.WindowBitsMin, reach <= 1 ? 0 : BitOperations.Log2((uint)(reach - 1)) + 1);
        Oracle.Same(message, Inflate(history, compressed, needed), "Our inflater gives back what was compressed.");
        byte[] stored = Stored(history);
        ReadOnlySpan<byte> system = SystemInflater.Run([.. stored, .. compressed], out bool refused);
        Oracle.Holds(!refused && system[history.Length..].SequenceEqual(message), "The runtime's inflater gives back what was compressed.");
        if (message.Length <= ReferenceBytesMax)
        {
            ReferenceInflater reference = ReferenceInflater.Run(compressed, history, windowBits);
            Oracle.Holds(reference.End == InflateEnd.Complete, "What is compressed is by the letter.");
            Oracle.Same(message, reference.Output, "The reference gives back what was compressed.");
            Oracle.Same(reference.Reach, reach, "The reach is the longest distance.");
        }
    }

    // So that repeating it is of no use.
    private static void AddNoise(Span<byte> message, Dice dice)
    {
        foreach (ref byte b in message)
        {
            b ^= (byte)dice.Next();
        }
    }

    private byte[] Compress(byte[] history, byte[] message, int windowBits, out int reach)
    {
        byte[] destination = new byte[Deflater.BytesMax(message.Length)];
        byte[] compressed = destination[.._deflater.Compress(history, message, windowBits, destination, out reach)];
        // Something else first.
        _other.Compress([], message.AsSpan(message.Length / 2), DeflateAgreement.WindowBitsMax, destination, out _);
        int length = _other.Compress(history, message, windowBits, destination, out int again);
        Oracle.Same(compressed, destination.AsSpan(0, length), "The same bytes come of the same message.");
        Oracle.Same(reach, again, "The same reach comes of the same message.");
        return compressed;
    }

    private byte[] Inflate(byte[] history, byte[] compressed, int windowBits)
    {
        InflaterReading first = new(_inflater, DeflateAgreement.WindowBitsMax, keepWindow: false);
        first.Read([.. Stored(history), 0], final: true);
        Oracle.Holds(first.Status == InflateStatus.Done, "Stored bytes are a message.");
        InflaterReading second = new(_inflater, windowBits, keepWindow: true);
        second.Read(compressed, final: true);
        Oracle.Holds(second.Status == InflateStatus.Done, "Our inflater accepts what was compressed.");
        return second.Output.ToArray();
    }

    // As one stored block, which is longer than any history.
    private static byte[] Stored(byte[] plain) =>
        [0, (byte)plain.Length, (byte)(plain.Length >> 8), (byte)~plain.Length, (byte)(~plain.Length >> 8), .. plain];

    private static byte[] Repeat(ReadOnlySpan<byte> piece, int times, int bytesMax)
    {
        byte[] all = new byte[Math.Min((long)piece.Length * times, bytesMax)];
        for (int at = 0; at < all.Length; at += piece.Length)
        {
            piece[..Math.Min(piece.Length, all.Length - at)].CopyTo(all.AsSpan(at));
        }
        return all;
    }
}
