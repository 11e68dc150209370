using System.Buffers.Binary;

namespace Sluice.Fuzz;

/// <summary>Makes new inputs of old ones, as american fuzzy lop's "havoc" does: a few small changes on top of each other.</summary>
/// <param name="dice">Decides everything.</param>
/// <param name="tokens">Words of the language.</param>
internal sealed class Mutator(Dice dice, byte[][] tokens)
{
    private const int ChangesMax = 12;
    private const int BlockBytesMax = 64;

    private static readonly byte[] s_bytes =
    [
        0, 1, 0x7D, 0x7E, 0x7F, 0x80, 0x81, 0x88, 0xC0, 0xED, 0xFE, 0xFF, (byte)'\r', (byte)'\n', (byte)' ', (byte)',',
    ];
    private static readonly ushort[] s_words =
    [
        0, 1, 125, 126, 127, 128, 255, 256, 999, 1000, 1004, 1005, 1006, 1011, 1012, 1014, 1015, 2999, 3000, 4999, 5000, 0x7FFF, 0x8000,
        0xFFFF,
    ];

    /// <summary>Changes an input.</summary>
    /// <param name="input">Changed.</param>
    /// <param name="other">What pieces are taken from.</param>
    public void Mutate(List<byte> input, ReadOnlySpan<byte> other)
    {
        for (int changes = dice.Small(ChangesMax); changes > 0; changes--)
        {
            Change(input, other);
        }
    }

    private void Change(List<byte> input, ReadOnlySpan<byte> other)
    {
        if (input.Count == 0)
        {
            Insert(input, 0, 1 + dice.Below(8));
            return;
        }
        int at = dice.Below(input.Count);
        int length = Math.Min(dice.Small(BlockBytesMax), input.Count - at);
        switch (dice.Below(12))
        {
            case 0:
                input[at] ^= (byte)(1 << dice.Below(8));
                break;
            case 1:
                input[at] = (byte)dice.Next();
                break;
            case 2:
                input[at] = dice.Of<byte>(s_bytes);
                break;
            case 3:
                input[at] += (byte)(dice.Below(2) == 0 ? dice.Small(16) : -dice.Small(16));
                break;
            case 4:
                Write(input, at, Word());
                break;
            case 5:
                input.RemoveRange(at, length);
                break;
            case 6:
                Insert(input, at, dice.Small(BlockBytesMax / 4));
                break;
            case 7:
                input.InsertRange(dice.Below(input.Count + 1), input.GetRange(at, length));
                break;
            case 8:
                Write(input, dice.Below(input.Count), [.. input.GetRange(at, length)]);
                break;
            case 9:
                Splice(input, at, other);
                break;
            default:
                PutToken(input, at, length);
                break;
        }
    }

    private void PutToken(List<byte> input, int at, int length)
    {
        if (tokens.Length == 0)
        {
            return;
        }
        byte[] token = dice.Of<byte[]>(tokens);
        switch (dice.Below(3))
        {
            case 0:
                input.InsertRange(at, token);
                break;
            case 1:
                Write(input, at, token);
                break;
            default:
                input.RemoveRange(at, length);
                input.InsertRange(at, token);
                break;
        }
    }

    // The rest becomes another's rest, or a piece of another is put in between.
    private void Splice(List<byte> input, int at, ReadOnlySpan<byte> other)
    {
        if (other.IsEmpty)
        {
            return;
        }
        int from = dice.Below(other.Length);
        if (dice.Below(2) == 0)
        {
            input.RemoveRange(at, input.Count - at);
            input.AddRange(other[from..]);
        }
        else
        {
            input.InsertRange(at, other.Slice(from, Math.Min(dice.Small(BlockBytesMax), other.Length - from)));
        }
    }

    private byte[] Word()
    {
        byte[] word = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(word, dice.Of<ushort>(s_words));
        return word;
    }

    private void Insert(List<byte> input, int at, int count)
    {
        byte value = dice.Of<byte>(s_bytes);
        bool same = dice.Below(2) == 0;
        for (int i = 0; i < count; i++)
        {
            input.Insert(at, same ? value : (byte)dice.Next());
        }
    }

    private void Write(List<byte> input, int at, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length && at + i < input.Count; i++)
        {
            input[at + i] = bytes[i];
        }
    }
}
