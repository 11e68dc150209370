using System.Text.Unicode;

namespace Sluice.Protocol;

/// <summary>Checks UTF-8 that arrives in pieces, and fails at the first byte that no valid text could have there.</summary>
/// <remarks>One byte of state: what may follow. Whole characters are left to the runtime's vectorised check; only those
/// that a cut divides are walked byte by byte.</remarks>
public struct Utf8Validator
{
    private Expect _expect;

    // RFC 3629, 4: after these the next byte must be in a range of its own; every later one is in 80..BF.
    private enum Expect : byte
    {
        Character,
        OneMore,
        TwoMore,
        ThreeMore,
        TwoMoreAfterE0, // A0..BF: else overlong
        TwoMoreAfterED, // 80..9F: else a surrogate
        ThreeMoreAfterF0, // 90..BF: else overlong
        ThreeMoreAfterF4, // 80..8F: else above 10FFFF
        Invalid,
    }

    /// <summary>Whether the text so far ends at the end of a character, as it must at the end of a message.</summary>
    public readonly bool Complete => _expect == Expect.Character;

    /// <summary>Checks the next piece.</summary>
    /// <returns>False when no continuation could make the text valid any more.</returns>
    public bool Accept(ReadOnlySpan<byte> piece)
    {
        while (_expect != Expect.Character && !piece.IsEmpty)
        {
            _expect = Next(_expect, piece[0]);
            piece = piece[1..];
        }
        if (_expect == Expect.Invalid)
        {
            return false;
        }
        int whole = WholeCharacters(piece);
        if (!Utf8.IsValid(piece[..whole]))
        {
            _expect = Expect.Invalid;
            return false;
        }
        foreach (byte b in piece[whole..])
        {
            _expect = Next(_expect, b);
        }
        return _expect != Expect.Invalid;
    }

    // How long the piece is without a character that is cut at its end: the last lead byte, if it wants more than there is.
    private static int WholeCharacters(ReadOnlySpan<byte> piece)
    {
        for (int back = 1; back <= 3 && back <= piece.Length; back++)
        {
            byte b = piece[^back];
            if (b < 0x80)
            {
                break;
            }
            if (b >= 0xC0)
            {
                int length = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
                return length > back ? piece.Length - back : piece.Length;
            }
        }
        return piece.Length;
    }

    private static Expect Next(Expect expect, byte b) => expect switch
    {
        Expect.Character => Lead(b),
        Expect.OneMore => b is >= 0x80 and <= 0xBF ? Expect.Character : Expect.Invalid,
        Expect.TwoMore => b is >= 0x80 and <= 0xBF ? Expect.OneMore : Expect.Invalid,
        Expect.ThreeMore => b is >= 0x80 and <= 0xBF ? Expect.TwoMore : Expect.Invalid,
        Expect.TwoMoreAfterE0 => b is >= 0xA0 and <= 0xBF ? Expect.OneMore : Expect.Invalid,
        Expect.TwoMoreAfterED => b is >= 0x80 and <= 0x9F ? Expect.OneMore : Expect.Invalid,
        Expect.ThreeMoreAfterF0 => b is >= 0x90 and <= 0xBF ? Expect.TwoMore : Expect.Invalid,
        Expect.ThreeMoreAfterF4 => b is >= 0x80 and <= 0x8F ? Expect.TwoMore : Expect.Invalid,
        _ => Expect.Invalid,
    };

    private static Expect Lead(byte b) => b switch
    {
        < 0x80 => Expect.Character,
        < 0xC2 => Expect.Invalid,
        < 0xE0 => Expect.OneMore,
        0xE0 => Expect.TwoMoreAfterE0,
        0xED => Expect.TwoMoreAfterED,
        < 0xF0 => Expect.TwoMore,
        0xF0 => Expect.ThreeMoreAfterF0,
        < 0xF4 => Expect.ThreeMore,
        0xF4 => Expect.ThreeMoreAfterF4,
        _ => Expect.Invalid,
    };
}
