using System.Globalization;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Bytes of many kinds, the same at every run.</summary>
internal static class Samples
{
    /// <summary>From noise to one byte over and over.</summary>
    public const int Kinds = 8;

    /// <summary>Bytes of a kind.</summary>
    public static byte[] Of(int kind, int length, ulong seed)
    {
        Dice dice = new(seed + (ulong)kind);
        return kind switch
        {
            0 => dice.Bytes(length),
            1 => new byte[length],
            2 => Letters(dice, length, 4),
            3 => Letters(dice, length, 64),
            4 => Json(dice, length),
            5 => Repeating(dice, length, period: 1 + dice.Below(300)),
            6 => Repeating(dice, length, period: 20_000 + dice.Below(20_000)),
            _ => Rarer(dice, length),
        };
    }

    public static byte[] Json(Dice dice, int length)
    {
        StringBuilder text = new();
        while (text.Length < length)
        {
            string ok = dice.Below(2) == 0 ? "true" : "false";
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{dice.Below(100_000)},\"name\":\"user{dice.Below(50)}\",\"score\":{dice.Below(1000) / 10.0},\"ok\":{ok}}},");
        }
        return Encoding.ASCII.GetBytes(text.ToString(0, length));
    }

    private static byte[] Letters(Dice dice, int length, int letters)
    {
        byte[] bytes = new byte[length];
        foreach (ref byte b in bytes.AsSpan())
        {
            b = (byte)(' ' + Math.Min(dice.Below(letters), dice.Below(letters)));
        }
        return bytes;
    }

    // Each letter comes 0.6 times as often as the one before: a Huffman code without a limit would have very long codes.
    private static byte[] Rarer(Dice dice, int length)
    {
        byte[] bytes = new byte[length];
        foreach (ref byte b in bytes.AsSpan())
        {
            while (b < 60 && dice.Below(10) < 6)
            {
                b++;
            }
        }
        return bytes;
    }

    private static byte[] Repeating(Dice dice, int length, int period)
    {
        byte[] once = dice.Bytes(period);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = once[i % period];
        }
        return bytes;
    }
}
