using System.Text;
using System.Text.Unicode;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Line 33: what is no UTF-8, as soon as it is none.</summary>
public class TextTests
{
    [Theory]
    [InlineData("C0", 0, "C0 leads nothing")]
    [InlineData("C1", 0, "C1 neither")]
    [InlineData("F5", 0, "F5 would be above 10FFFF")]
    [InlineData("FF", 0, "FF leads nothing")]
    [InlineData("80", 0, "a continuation that continues nothing")]
    [InlineData("61 C3 28", 2, "a lead and no continuation")]
    [InlineData("E0 9F BF", 1, "overlong in three bytes")]
    [InlineData("F0 8F BF BF", 1, "overlong in four bytes")]
    [InlineData("ED A0 80", 1, "the surrogate D800")]
    [InlineData("ED BF BF", 1, "the surrogate DFFF")]
    [InlineData("F4 90 80 80", 1, "110000")]
    [InlineData("E2 82 28", 2, "the third byte is none")]
    [InlineData("F0 9F 98 28", 3, "the fourth byte is none")]
    [InlineData("CE BA E1 BD B9 CF 83 CE BC CE B5 ED A0 80 65", 12, "a surrogate after some Greek")]
    public void Hardening33_Text_fails_at_its_first_impossible_byte(string hex, int at, string sentence)
    {
        byte[] bytes = Hex.Bytes(hex);
        Utf8Validator validator = default;
        for (int i = 0; i < bytes.Length; i++)
        {
            Assert.Equal((sentence, i, i < at), (sentence, i, validator.Accept(bytes.AsSpan(i, 1))));
        }
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            validator = default;
            bool before = validator.Accept(bytes.AsSpan(0, cut));
            Assert.Equal((sentence, cut, cut <= at), (sentence, cut, before));
            Assert.False(validator.Accept(bytes.AsSpan(cut)), sentence);
        }
    }

    [Fact]
    public void Hardening33_Every_code_point_passes_and_every_surrogate_fails_at_every_cut()
    {
        Span<byte> bytes = stackalloc byte[4];
        for (int point = 0; point <= 0x10FFFF; point += point < 0x1000 ? 1 : 7)
        {
            bool surrogate = point is >= 0xD800 and <= 0xDFFF;
            int length = Encode(point, bytes);
            for (int cut = 0; cut <= length; cut++)
            {
                Utf8Validator validator = default;
                bool valid = validator.Accept(bytes[..cut]) & validator.Accept(bytes[cut..length]);
                Assert.True(valid == !surrogate, $"{point:X} cut at {cut}");
                Assert.True(surrogate || validator.Complete, $"{point:X} cut at {cut}");
            }
        }
    }

    [Fact]
    public void Hardening33_Random_bytes_are_judged_as_the_runtime_judges_them_whole()
    {
        Dice dice = new(33);
        // Bytes near the borders of the ranges, so that valid sequences are frequent.
        byte[] likely = Hex.Bytes("61 7F 80 8F 90 9F A0 BF C2 DF E0 E1 EC ED EE EF F0 F1 F3 F4");
        int valid = 0;
        for (int round = 0; round < 100_000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, dice.Below(7)).Select(_ => likely[dice.Below(likely.Length)])];
            Utf8Validator validator = default;
            bool ok = true;
            for (int at = 0; at < bytes.Length;)
            {
                int count = Math.Min(1 + dice.Below(4), bytes.Length - at);
                ok &= validator.Accept(bytes.AsSpan(at, count));
                at += count;
            }
            Assert.Equal(Utf8.IsValid(bytes), ok && validator.Complete);
            valid += ok ? 1 : 0;
        }
        Assert.InRange(valid, 1000, 99_000);
    }

    [Fact]
    public void Hardening33_An_impossible_byte_fails_inside_an_unfinished_frame()
    {
        Assert.Equal("violation 1007", Frames.AtServer("81 FE 03E8 00000000 6162 F4 90"));
    }

    [Theory]
    [InlineData("81 82 00000000 E282", "a short frame")]
    [InlineData("01 81 00000000 E2 80 81 00000000 82", "a fragment")]
    [InlineData("01 82 00000000 E282 80 80 00000000", "an empty last fragment")]
    public void Hardening33_A_character_cut_by_the_end_of_the_message_is_1007(string hex, string sentence) =>
        Frames.AreViolation(hex, 1007, sentence);

    [Fact]
    public void Hardening33_A_character_cut_by_fragments_passes_and_the_next_message_begins_afresh()
    {
        Assert.Equal("text € | text a", Frames.AtServer("01 81 00000000 E2 00 81 00000000 82 80 81 00000000 AC 81 81 00000000 61"));
    }

    [Theory]
    [InlineData("88 85 00000000 03E8 E282AC", "close 1000 €", "a reason in UTF-8")]
    [InlineData("88 83 00000000 03E8 FF", "violation 1007", "a byte that no text has")]
    [InlineData("88 84 00000000 03E8 E282", "violation 1007", "a character cut at the end")]
    public void Hardening33_A_close_reason_is_text(string hex, string expected, string sentence)
    {
        Assert.Equal((sentence, expected), (sentence, Frames.AtServer(hex)));
    }

    private static int Encode(int point, Span<byte> bytes)
    {
        // The runtime refuses to encode a surrogate; its three bytes are written by hand.
        if (point is >= 0xD800 and <= 0xDFFF)
        {
            bytes[0] = (byte)(0xE0 | (point >> 12));
            bytes[1] = (byte)(0x80 | ((point >> 6) & 0x3F));
            bytes[2] = (byte)(0x80 | (point & 0x3F));
            return 3;
        }
        return new Rune(point).EncodeToUtf8(bytes);
    }
}
