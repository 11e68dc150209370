using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>What the deflater writes is read by others, reaches back as far as it says, and ends as RFC 7692, 7.2.1 wants.</summary>
public class DeflaterTests
{
    private static readonly int[] s_lengths = [0, 1, 2, 3, 4, 17, 200, 1000, 16_384, 65_535, 65_536, 70_000, 300_000];

    private readonly Deflater _deflater = new();

    [Fact]
    public void The_runtimes_zlib_reads_every_kind_and_length()
    {
        foreach (int length in s_lengths)
        {
            for (int kind = 0; kind < Samples.Kinds; kind++)
            {
                byte[] message = Samples.Of(kind, length, seed: 1);
                Assert.Equal(message, Zlib.InflateRun(Compress([], message)));
            }
        }
    }

    [Fact]
    public void Our_inflater_reads_every_kind_and_length()
    {
        foreach (int length in s_lengths)
        {
            for (int kind = 0; kind < Samples.Kinds; kind++)
            {
                byte[] message = Samples.Of(kind, length, seed: 2);
                Assert.Equal(InflateStatus.Done, Inflation.Of(Compress([], message), out byte[] plain));
                Assert.Equal(message, plain);
            }
        }
    }

    [Fact]
    public void A_history_is_used_and_is_what_the_peers_window_ends_with()
    {
        Dice dice = new(3);
        for (int run = 0; run < 300; run++)
        {
            int historyBytes = dice.Below(dice.Below(2) == 0 ? 600 : Deflater.HistoryBytesMax + 1);
            byte[] history = Samples.Of(dice.Below(Samples.Kinds), historyBytes, dice.Next());
            byte[] own = Samples.Of(dice.Below(Samples.Kinds), dice.Below(300), dice.Next());
            byte[] message = [.. own, .. history[dice.Below(history.Length + 1)..], .. dice.Bytes(dice.Below(9))];
            byte[] compressed = Compress(history, message);
            Assert.Equal((byte[])[.. history, .. message], Zlib.InflateRun(Zlib.Stored(history), compressed));
        }
    }

    [Fact]
    public void A_message_like_the_one_before_costs_little_behind_it_and_more_alone()
    {
        byte[] first = Samples.Json(new Dice(4), 400);
        byte[] second = [.. first];
        second[200] ^= 1;
        Assert.InRange(Compress(first, second).Length, 1, 20);
        Assert.InRange(Compress([], second).Length, 100, 300);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void No_distance_is_beyond_the_window_nor_the_reach_that_was_told(int windowBits)
    {
        Dice dice = new((ulong)windowBits);
        byte[] destination = new byte[Deflater.BytesMax(100_000)];
        for (int run = 0; run < 20; run++)
        {
            byte[] message = Samples.Of(run % Samples.Kinds, dice.Below(100_000), dice.Next());
            byte[] history = message[..Math.Min(message.Length, dice.Below(Deflater.HistoryBytesMax))];
            int length = _deflater.Compress(history, message, windowBits, destination, out int reach);
            Assert.InRange(reach, 0, 1 << windowBits);
            AssertRead(history, message, destination[..length], Math.Max(8, BitsFor(reach)));
        }
    }

    [Fact]
    public void The_reach_is_exact()
    {
        byte[] noise = new Dice(5).Bytes(1000);
        byte[] destination = new byte[Deflater.BytesMax(noise.Length)];
        _deflater.Compress(noise, noise, 15, destination, out int reach);
        Assert.Equal(1000, reach);
        _deflater.Compress(noise, noise, 9, destination, out reach);
        Assert.Equal(0, reach); // stored
        _deflater.Compress(default, noise, 15, destination, out reach);
        Assert.Equal(0, reach);
    }

    [Fact]
    public void A_window_may_be_used_to_its_last_byte()
    {
        byte[] noise = new Dice(6).Bytes(1 << 15);
        int length = _deflater.Compress(noise, noise.AsSpan(0, 200), 15, new byte[Deflater.BytesMax(200)], out int reach);
        Assert.Equal(1 << 15, reach);
        Assert.InRange(length, 1, 10);
    }

    [Fact]
    public void A_message_of_nothing_is_one_zero_byte() => Assert.Equal([0], Compress([], []));

    [Fact]
    public void Noise_costs_no_more_than_is_said()
    {
        foreach (int length in s_lengths)
        {
            byte[] message = new Dice(7).Bytes(length);
            byte[] destination = new byte[Deflater.BytesMax(length)];
            Assert.InRange(_deflater.Compress(default, message, 15, destination, out _), 1, length + (5 * (1 + (length / 16_384))) + 1);
        }
    }

    [Fact]
    public void The_same_bytes_come_whatever_was_compressed_before()
    {
        byte[] history = Samples.Of(4, 4096, seed: 8);
        byte[] message = Samples.Of(4, 5000, seed: 9);
        byte[] first = Compress(new Deflater(), history, message);
        Compress([], Samples.Of(3, 200_000, seed: 10));
        Compress([], Samples.Of(4, 100, seed: 11));
        Assert.Equal(first, Compress(history, message));
    }

    [Fact]
    public void Messages_that_look_back_at_each_other_are_read_in_a_run()
    {
        Dice dice = new(12);
        byte[] window = [];
        List<byte[]> run = [];
        List<byte> all = [];
        for (int i = 0; i < 200; i++)
        {
            byte[] message = Samples.Of(dice.Below(Samples.Kinds), dice.Below(2000), seed: 13);
            run.Add(Compress(window, message));
            all.AddRange(message);
            window = [.. all.Skip(Math.Max(0, all.Count - 4096))];
        }
        Assert.Equal(all, Zlib.InflateRun([.. run]));
    }

    private static int BitsFor(int reach) => System.Numerics.BitOperations.Log2((uint)Math.Max(1, reach - 1)) + 1;

    private static void AssertRead(byte[] history, byte[] message, byte[] compressed, int windowBits)
    {
        Inflation inflation = new();
        Assert.Equal(InflateStatus.Done, inflation.Message(Zlib.Stored(history)));
        Assert.Equal(InflateStatus.Done, inflation.Message(compressed, windowBits, keepWindow: true));
        Assert.Equal(message, inflation.Plain);
    }

    private byte[] Compress(byte[] history, byte[] message) => Compress(_deflater, history, message);

    private static byte[] Compress(Deflater deflater, byte[] history, byte[] message)
    {
        byte[] destination = new byte[Deflater.BytesMax(message.Length)];
        return destination[..deflater.Compress(history, message, 15, destination, out _)];
    }
}
