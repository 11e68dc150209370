using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Which codes a dynamic block may have, decided as zlib does.</summary>
public class InflateCodeTests
{
    private const int LengthThree = 257;

    [Fact]
    public void A_complete_code_is_read()
    {
        byte[] message = new Bits().Dynamic(Lengths(('a', 1), (256, 2), (LengthThree, 2)), [1, 1])
            .Code(0b0, 1).Code(0b11, 2).Code(0b0, 1).Code(0b10, 2).End(); // a, three from one back, end
        Assert.Equal(InflateStatus.Done, Inflation.Of(message, out byte[] plain));
        Assert.Equal("aaaa"u8, plain);
    }

    [Fact]
    public void The_longest_codes_are_read()
    {
        // 1, 2, 3 .. 14, 15, 15 bits: letters in this order, then the end.
        (int, int)[] lengths = [.. Enumerable.Range(1, 15).Select(static length => ('a' + length - 1, length)), (256, 15)];
        Bits bits = new Bits().Dynamic(Lengths(lengths), [0]);
        for (int length = 1; length <= 15; length++)
        {
            bits.Code((1 << length) - 2, length);
        }
        Assert.Equal(InflateStatus.Done, Inflation.Of(bits.Code((1 << 15) - 1, 15).End(), out byte[] plain));
        Assert.Equal("abcdefghijklmno"u8, plain);
    }

    [Fact]
    public void One_distance_alone_has_one_bit_and_the_other_bit_means_nothing()
    {
        int[] literals = Lengths(('a', 1), (256, 2), (LengthThree, 2));
        Assert.Equal(InflateStatus.Done, Inflation.Of(new Bits().Dynamic(literals, [1]).Code(0, 1).Code(3, 2).Put(0, 1).Code(2, 2).End(), out byte[] plain));
        Assert.Equal("aaaa"u8, plain);
        Assert.Equal(InflateStatus.Broken, Inflation.Of(new Bits().Dynamic(literals, [1]).Code(0, 1).Code(3, 2).Put(1, 1).Code(2, 2).End(), out _));
    }

    [Fact]
    public void No_distance_at_all_is_enough_for_literals()
    {
        int[] literals = Lengths(('a', 1), (256, 2), (LengthThree, 2));
        Assert.Equal(InflateStatus.Done, Inflation.Of(new Bits().Dynamic(literals, [0]).Code(0, 1).Code(2, 2).End(), out byte[] plain));
        Assert.Equal("a"u8, plain);
        Assert.Equal(InflateStatus.Broken, Inflation.Of(new Bits().Dynamic(literals, [0]).Code(0, 1).Code(3, 2).Put(0, 1).Code(2, 2).End(), out _));
    }

    [Fact]
    public void The_end_alone_is_a_code_too() =>
        Assert.Equal(InflateStatus.Done, Inflation.Of(new Bits().Dynamic(Lengths((256, 1)), [0]).Code(0, 1).End(), out _));

    [Theory]
    [InlineData(2, 2, 2, "incomplete")]
    [InlineData(1, 1, 1, "too many of one bit")]
    [InlineData(1, 1, 15, "too many, by one long code")]
    [InlineData(2, 0, 1, "incomplete, of two")]
    [InlineData(1, 0, 1, "without an end of the block")]
    public void Lengths_that_are_no_code_of_literals(int a, int end, int three, string why)
    {
        byte[] message = new Bits().Dynamic(Lengths(('a', a), (256, end), (LengthThree, three)), [1, 1]).Put(0, 64).End();
        Assert.True(Inflation.Of(message, out _) == InflateStatus.Broken, why);
    }

    [Theory]
    [InlineData(new[] { 2 }, "one distance of two bits")]
    [InlineData(new[] { 2, 2, 2 }, "incomplete")]
    [InlineData(new[] { 1, 1, 1 }, "too many")]
    public void Lengths_that_are_no_code_of_distances(int[] distances, string why)
    {
        byte[] message = new Bits().Dynamic(Lengths(('a', 1), (256, 2), (LengthThree, 2)), distances).Code(0, 1).Code(2, 2).End();
        Assert.True(Inflation.Of(message, out _) == InflateStatus.Broken, why);
    }

    [Theory]
    [InlineData(287, 1)]
    [InlineData(288, 1)]
    [InlineData(257, 31)]
    [InlineData(257, 32)]
    public void More_symbols_than_there_are(int literals, int distances)
    {
        int[] lengths = new int[literals];
        (lengths['a'], lengths[256]) = (1, 1);
        Assert.Equal(InflateStatus.Broken, Inflation.Of(new Bits().Dynamic(lengths, new int[distances]).Code(0, 1).Code(1, 1).End(), out _));
    }

    [Fact]
    public void A_code_of_lengths_must_be_complete()
    {
        foreach (int length in (int[])[0, 1, 2])
        {
            // Only symbol 1 has a code: of no, one or two bits.
            Bits bits = new Bits().Put(0b100, 3).Put(0, 5).Put(0, 5).Put(18 - 4, 4).Put(0, 17 * 3).Put(length, 3);
            Assert.Equal(InflateStatus.Broken, Inflation.Of(bits.Put(0, 600).End(), out _));
        }
    }

    [Fact]
    public void A_repetition_has_something_to_repeat_and_stays_within_the_lengths()
    {
        Bits nothing = Repeating().Code(0b10, 2).Put(0, 2);
        Bits beyond = Repeating().Code(0b11, 2).Put(138 - 11, 7).Code(0b11, 2).Put(121 - 11, 7); // 259 of 258
        Bits exact = Repeating().Code(0b11, 2).Put(138 - 11, 7).Code(0b11, 2).Put(118 - 11, 7).Code(0, 1).Code(0, 1); // 256, the end, a distance
        Assert.Equal(InflateStatus.Broken, Inflation.Of(nothing.Put(0, 600).End(), out _));
        Assert.Equal(InflateStatus.Broken, Inflation.Of(beyond.Put(0, 600).End(), out _));
        Assert.Equal(InflateStatus.Done, Inflation.Of(exact.Code(0, 1).End(), out _));
    }

    // 257 literals and one distance; codes of lengths: 1 has one bit, 16 and 18 two.
    private static Bits Repeating() =>
        new Bits().Put(0b100, 3).Put(0, 5).Put(0, 5).Put(18 - 4, 4).Put(2, 3).Put(0, 3).Put(2, 3).Put(0, 14 * 3).Put(1, 3);

    private static int[] Lengths(params (int Symbol, int Length)[] codes)
    {
        int[] lengths = new int[Math.Max(257, codes.Max(static code => code.Symbol) + 1)];
        foreach ((int symbol, int length) in codes)
        {
            lengths[symbol] = length;
        }
        return lengths;
    }
}
