using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>The inflater. An input is a byte with the window and whether it is kept, a byte that decides where it is cut, a byte that
/// says how much of the rest is the first message, and up to two messages.</summary>
internal sealed class InflaterTarget() : Target("inflater")
{
    private const int SettingBytes = 3;
    private const int KeepFlag = 8;

    private readonly Inflater _inflater = new();
    private readonly Inflater _cutInflater = new();

    /// <inheritdoc/>
    public override int CiExecutions => 10_000;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => DeflateShaper.Seeds.Select(static message => (byte[])[7, 0, 255, .. message]);

    /// <inheritdoc/>
    public override byte[][] Tokens => DeflateShaper.Tokens;

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        int windowBits = DeflateAgreement.WindowBitsMin + (input[0] & 7);
        Dice dice = new(input[1]);
        ReadOnlySpan<byte> rest = input[SettingBytes..];
        if ((input[0] & KeepFlag) == 0)
        {
            Inflate(rest, [], windowBits, keep: false, dice);
            return;
        }
        ReadOnlySpan<byte> first = rest[..(rest.Length * input[2] / 255)];
        byte[]? history = Inflate(first, [], windowBits, keep: false, dice);
        if (history is not null)
        {
            Inflate(rest[first.Length..], history, windowBits, keep: true, dice);
        }
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        if (input.Count < SettingBytes)
        {
            return false;
        }
        new DeflateShaper(dice).Reshape(input, SettingBytes);
        return true;
    }

    // What the message gives; null if it is broken, or longer than is looked at.
    private byte[]? Inflate(ReadOnlySpan<byte> message, byte[] history, int windowBits, bool keep, Dice dice)
    {
        ReferenceInflater reference = ReferenceInflater.Run(message, history, windowBits);
        InflaterReading whole = new(_inflater, windowBits, keep);
        whole.Read(message, final: true);
        Check(whole, reference);
        InflaterReading cut = new(_cutInflater, windowBits, keep);
        int lengthMax = 1 + dice.Below(32);
        bool separateEnd = dice.Below(2) == 0;
        ReadOnlySpan<byte> rest = message;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> piece = rest[..Math.Min(dice.Below(lengthMax + 1), rest.Length)];
            rest = rest[piece.Length..];
            cut.Read(piece, final: rest.IsEmpty && !separateEnd);
        }
        cut.Read([], final: true);
        Check(cut, reference);
        if (windowBits == DeflateAgreement.WindowBitsMax && !keep)
        {
            SystemInflater.CheckAgainst(reference, message);
        }
        return reference.End == InflateEnd.Complete ? reference.Output.ToArray() : null;
    }

    private static void Check(InflaterReading reading, ReferenceInflater reference)
    {
        bool known = reference.End != InflateEnd.TooLong;
        Oracle.Holds(!known || reading.Status == InflateStatus.Done == (reference.End == InflateEnd.Complete),
            "The inflater accepts what the reference does.");
        ReadOnlySpan<byte> expected = reference.Output;
        ReadOnlySpan<byte> actual = reading.Output;
        // What came before a broken symbol may stay with the step that breaks.
        bool same = reading.Status == InflateStatus.Broken ? expected.StartsWith(actual)
            : known ? actual.SequenceEqual(expected) : actual.StartsWith(expected);
        Oracle.Holds(same, "The inflater gives what the reference does.");
    }
}
