using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>Streams of frames to begin with.</summary>
internal static class FrameSeeds
{
    // Key 0 leaves the payload as it is, so that a changed byte is a changed byte of the text; another key is tried too.
    private static readonly uint[] s_keys = [0, 0x4D3C2B1A];

    /// <summary>First bytes, lengths, and what is special in UTF-8, close frames and deflate.</summary>
    public static byte[][] Tokens { get; } =
    [
        [0x81], [0x82], [0x01], [0x02], [0x00], [0x80], [0x88], [0x89], [0x8A], [0xC1], [0x41], [0xC2],
        [0x7E, 0x00, 0x7E], [0xFE, 0x00, 0x7E], [0x7F, 0, 0, 0, 0, 0, 1, 0, 0], [0xFF, 0, 0, 0, 0, 0, 1, 0, 0], [0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0], [0xC3, 0xA9], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0xAF],
        [0x03, 0xE8], [0x03, 0xED], [0x03, 0xF4], [0x0B, 0xB8], [0x13, 0x87],
        [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], [0x00, 0x00, 0x00, 0xFF, 0xFF],
        [0x02, 0x03, 0x80],
    ];

    /// <summary>The streams.</summary>
    /// <param name="masked">Whether a client sends them.</param>
    public static IEnumerable<byte[]> For(bool masked)
    {
        foreach (uint key in s_keys)
        {
            uint? mask = masked ? key : null;
            yield return [.. Frame(Opcode.Text, true, "hello \u20AC"u8, mask), .. Frame(Opcode.Binary, true, new byte[200], mask)];
            yield return
            [
                .. Frame(Opcode.Text, false, "a"u8, mask), .. Frame(Opcode.Ping, true, "ping"u8, mask),
                .. Frame(Opcode.Continuation, false, [], mask), .. Frame(Opcode.Continuation, true, "b\u00E9"u8, mask),
            ];
            yield return
            [
                .. Frame(Opcode.Pong, true, [], mask), .. Frame(Opcode.Close, true, [0x03, 0xE8, .. "bye"u8], mask),
                .. Frame(Opcode.Text, true, "late"u8, mask),
            ];
            yield return Frame(Opcode.Close, true, [], mask);
            yield return Frame(Opcode.Text, true, new byte[126], mask);
        }
    }

    /// <summary>One frame.</summary>
    /// <param name="opcode">What it carries.</param>
    /// <param name="final">Whether it ends its message.</param>
    /// <param name="payload">Not masked yet.</param>
    /// <param name="mask">The key, if it is.</param>
    public static byte[] Frame(Opcode opcode, bool final, ReadOnlySpan<byte> payload, uint? mask)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, mask.HasValue) + payload.Length];
        Span<byte> body = frame.AsSpan(FrameHeader.Write(frame, opcode, final, payload.Length, mask));
        payload.CopyTo(body);
        Masking.Apply(body, mask ?? 0);
        return frame;
    }
}
