using System.IO.Compression;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>Windows, bombs and streams gone wrong.</summary>
public class InflateHostileTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void Hardening40_a_distance_beyond_the_window_is_broken_and_the_last_one_within_is_not(int windowBits)
    {
        byte[] noise = new Dice(1).Bytes((1 << 15) + 1);
        foreach (int distance in (int[])[1 << windowBits, (1 << windowBits) + 1])
        {
            if (distance <= 1 << 15)
            {
                byte[] message = [.. Zlib.Stored(noise)[..^1], .. Match(distance)];
                bool within = distance <= 1 << windowBits;
                Assert.Equal(within ? InflateStatus.Done : InflateStatus.Broken, Inflation.Of(message, out byte[] plain, windowBits));
                Assert.True(!within || plain.AsSpan(noise.Length).SequenceEqual(noise.AsSpan(noise.Length - distance, 3)));
            }
        }
    }

    [Fact]
    public void Hardening40_a_distance_beyond_what_exists_is_broken_and_the_last_one_within_is_not()
    {
        foreach (int before in (int[])[1, 2, 100, 1000])
        {
            byte[] stored = Zlib.Stored(new Dice(2).Bytes(before))[..^1];
            byte[] tail = Zlib.Stored(new Dice(3).Bytes(60)); // enough input that the fast loop meets the match
            Assert.Equal(InflateStatus.Done, Inflation.Of([.. stored, .. Match(before)], out _));
            Assert.Equal(InflateStatus.Broken, Inflation.Of([.. stored, .. Match(before + 1)], out _));
            Assert.Equal(InflateStatus.Done, Inflation.Of([.. stored, .. Match(before), .. Hex.Bytes("00 00 ff ff"), .. tail], out _));
            Assert.Equal(InflateStatus.Broken, Inflation.Of([.. stored, .. Match(before + 1), .. Hex.Bytes("00 00 ff ff"), .. tail], out _));
        }
    }

    [Fact]
    public void What_an_earlier_message_left_in_the_buffer_is_not_shown_to_a_fresh_one()
    {
        Inflation inflation = new();
        inflation.Message(Zlib.Stored("a secret of another connection"u8));
        Assert.Equal(InflateStatus.Broken, inflation.Message(Match(20)));
    }

    [Fact]
    public void Hardening36_a_bomb_comes_in_steps_and_may_be_left_at_any_of_them()
    {
        byte[] bomb = Zlib.Deflate(new byte[20_000_000]);
        Inflater inflater = new();
        inflater.Begin(15, keepWindow: false);
        ReadOnlySpan<byte> input = bomb;
        while (inflater.MessageBytes < 1_000_000)
        {
            Assert.Equal(InflateStatus.More, inflater.Step(input, final: true, out int consumed, out Span<byte> output));
            Assert.InRange(output.Length, 1, Inflater.StepBytesMax);
            input = input[consumed..];
        }
        Assert.InRange(inflater.MessageBytes, 1_000_000, 1_000_000 + Inflater.StepBytesMax);
        Assert.InRange(bomb.Length - input.Length, 0, 3_000);
        inflater.Begin(15, keepWindow: false);
        Assert.Equal(InflateStatus.Done, inflater.Step(Hex.Bytes("f2 48 cd c9 c9 07 00"), final: true, out _, out Span<byte> hello));
        Assert.Equal("Hello"u8, hello);
    }

    [Fact]
    public void Hardening36_a_literal_before_the_longest_match_does_not_overfill_a_step()
    {
        byte[] tail = Zlib.Stored(new byte[60]); // enough input that the fast loop meets both
        for (int room = 255; room <= 262; room++)
        {
            byte[] stored = Zlib.Stored(new byte[Inflater.StepBytesMax - room])[..^1];
            byte[] both = new Bits().Put(0b010, 3).Code(0x30 + 'a', 8).Code(0b11000101, 8).Code(0, 5).Code(0, 7).End(); // 258 from one back
            Assert.Equal(InflateStatus.Done, Inflation.Of([.. stored, .. both, 0, 0, 0xFF, 0xFF, .. tail], out byte[] plain));
            Assert.Equal(Inflater.StepBytesMax - room + 1 + 258 + 60, plain.Length);
        }
    }

    [Fact]
    public void Hardening36_a_broken_inflater_keeps_no_window()
    {
        Inflater inflater = new();
        inflater.Begin(15, keepWindow: false);
        Assert.Equal(InflateStatus.Broken, inflater.Step([0x06], final: true, out _, out _));
        Assert.Equal(InflateStatus.Broken, inflater.Step([], final: true, out _, out _));
        Assert.Throws<InvariantException>(() => inflater.Begin(15, keepWindow: true));
    }

    [Fact]
    public void A_step_before_a_message_is_our_mistake()
    {
        Inflater inflater = new();
        Assert.Throws<InvariantException>(() => inflater.Step([], final: true, out _, out _));
        inflater.Begin(15, keepWindow: false);
        Assert.Equal(InflateStatus.Done, inflater.Step([], final: true, out _, out _));
        Assert.Throws<InvariantException>(() => inflater.Step([], final: true, out _, out _));
    }

    [Fact]
    public void Hardening37_noise_ends()
    {
        Dice dice = new(4);
        Inflation inflation = new();
        for (int run = 0; run < 20_000; run++)
        {
            byte[] noise = dice.Bytes(dice.Below(60));
            Assert.NotEqual(InflateStatus.NeedInput, inflation.Message(noise, 8 + dice.Below(8), false, dice.Below(noise.Length + 1)));
        }
    }

    [Fact]
    public void What_passes_with_a_bit_turned_is_read_alike_by_the_runtimes_zlib()
    {
        Dice dice = new(5);
        int passed = 0;
        for (int run = 0; run < 4_000; run++)
        {
            CompressionLevel level = dice.Below(2) == 0 ? CompressionLevel.Optimal : CompressionLevel.Fastest;
            byte[] message = Zlib.Deflate(Samples.Of(run % Samples.Kinds, dice.Below(400), dice.Next()), level);
            message[dice.Below(message.Length)] ^= (byte)(1 << dice.Below(8));
            if (Inflation.Of(message, out byte[] plain) == InflateStatus.Done && !EndsAStream(message))
            {
                passed++;
                Assert.Equal(plain, Zlib.InflateRun(message));
            }
        }
        Assert.InRange(passed, 100, 4_000);
    }

    // The runtime stops at a last block; RFC 7692, 7.2.3.4 goes on.
    private static bool EndsAStream(byte[] message)
    {
        byte[] followed = [.. message, 0, 0, 0xFF, 0xFF, .. Hex.Bytes("00 01 00 fe ff 55"), 3, 0];
        using DeflateStream stream = new(new MemoryStream(followed), CompressionMode.Decompress);
        using MemoryStream all = new();
        stream.CopyTo(all);
        return all.Length == 0 || all.ToArray()[^1] != 0x55;
    }

    // A fixed block: three bytes from so far back.
    private static byte[] Match(int distance)
    {
        int symbol = 0;
        int start = 1;
        int extraBits = 0;
        while (start + (1 << extraBits) <= distance)
        {
            start += 1 << extraBits;
            symbol++;
            extraBits = symbol < 2 ? 0 : (symbol / 2) - 1;
        }
        return new Bits().Put(0b010, 3).Code(1, 7).Code(symbol, 5).Put(distance - start, extraBits).Code(0, 7).End();
    }
}
