using System.Text;
using System.Text.Unicode;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class Utf8Tests
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
    public void H33_text_fails_at_its_first_impossible_byte(string hex, int at, string sentence)
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
    public void H33_every_code_point_passes_and_every_surrogate_fails_at_every_cut()
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
    public void H33_random_bytes_are_judged_as_the_runtime_judges_them_whole()
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
    public void H33_an_impossible_byte_fails_inside_an_unfinished_frame()
    {
        Peer<ServerRole> peer = new();
        peer.Receive(Hex.Bytes("81 FE 03E8 00000000 6162 F4 90"));
        Assert.Equal("violation 1007", peer.Transcript);
    }

    [Theory]
    [InlineData("81 82 00000000 E282", "a short frame")]
    [InlineData("01 81 00000000 E2 80 81 00000000 82", "a fragment")]
    [InlineData("01 82 00000000 E282 80 80 00000000", "an empty last fragment")]
    public void H33_a_character_cut_by_the_end_of_the_message_is_1007(string hex, string sentence) =>
        FrameTests.IsViolation(hex, 1007, sentence);

    [Fact]
    public void H33_a_character_cut_by_fragments_passes_and_the_next_message_begins_afresh()
    {
        Peer<ServerRole> peer = new();
        peer.Receive(Hex.Bytes("01 81 00000000 E2 00 81 00000000 82 80 81 00000000 AC 81 81 00000000 61"));
        Assert.Equal("text € | text a", peer.Transcript);
    }

    [Fact]
    public void Binary_is_not_text()
    {
        Peer<ServerRole> peer = new();
        peer.Receive(Hex.Bytes("82 82 00000000 FFC0"));
        Assert.Equal("binary FFC0", peer.Transcript);
    }

    [Fact]
    public void A_long_text_passes_at_every_cut()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé€😀", 20)));
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Utf8Validator validator = default;
            Assert.True(validator.Accept(bytes.AsSpan(0, cut)) && validator.Accept(bytes.AsSpan(cut)) && validator.Complete);
        }
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
