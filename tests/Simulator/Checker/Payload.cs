using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Sluice.Simulator;

/// <summary>What is published: a JSON value that says its own number, and whose every byte follows from that number.</summary>
internal static class Payload
{
    private static ReadOnlySpan<byte> Beginning => "{\"n\":"u8;

    // Escapes, a line feed that is none on the wire, and characters of one to four bytes, which cuts of reads fall into.
    private static readonly byte[][] s_words =
        [.. new[] { "plain ", "\\\"quoted\\\" ", "\\n", "gr\u00fc\u00df ", "\u20ac ", "\ud83d\ude00 ", "\\u2028", "back\\\\slash " }.Select(Encoding.UTF8.GetBytes)];

    public static byte[] Of(long number, int bytesMax)
    {
        Prng prng = new((ulong)number);
        int length = prng.Chance(30) ? prng.Between(0, bytesMax) : prng.Chance(200) ? prng.Between(0, Math.Min(bytesMax, 3000)) : prng.Between(0, 100);
        ArrayBufferWriter<byte> payload = new(length + 64);
        payload.Write(Beginning);
        payload.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        payload.Write(",\"text\":\""u8);
        while (payload.WrittenCount < length)
        {
            payload.Write(s_words[prng.Below(s_words.Length)]);
        }
        payload.Write("\"}"u8);
        return payload.WrittenSpan.ToArray();
    }

    public static long NumberOf(ReadOnlySpan<byte> payload)
    {
        long number = 0;
        bool isOurs = payload.StartsWith(Beginning) && Utf8Parser.TryParse(payload[Beginning.Length..], out number, out _);
        Violation.Unless(isOurs, "a payload that nobody published");
        return number;
    }
}
