using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>A message may be cut anywhere: in a symbol, in a table, in a length.</summary>
public class InflateCutTests
{
    private const int LongBytes = 120_000;

    // Each way to code a block, and a mixture of them.
    private static byte[][] Messages()
    {
        byte[] json = Samples.Of(4, 700, seed: 1);
        byte[] noise = Samples.Of(0, 90, seed: 2);
        byte[] dynamic = Zlib.Deflate(json);
        return
        [
            Hex.Bytes("f3 48 cd c9 c9 07 00 00"),
            Zlib.Stored(noise),
            dynamic,
            Zlib.Deflate(Samples.Of(4, 60, seed: 3)),
            [.. dynamic, .. Hex.Bytes("00 00 ff ff"), .. Zlib.Stored(noise)[..^1], .. Zlib.Deflate(json[..80])],
        ];
    }

    [Fact]
    public void Hardening40_every_split_point()
    {
        foreach (byte[] message in Messages())
        {
            Assert.Equal(InflateStatus.Done, Inflation.Of(message, out byte[] whole));
            Inflation inflation = new();
            for (int cut = 0; cut <= message.Length; cut++)
            {
                Assert.Equal(InflateStatus.Done, inflation.Message(message, 15, false, cut));
                Assert.Equal(whole, inflation.Plain);
                Assert.Equal(InflateStatus.Done, inflation.Message(message, 15, false, cut / 2, cut));
                Assert.Equal(whole, inflation.Plain);
            }
        }
    }

    [Fact]
    public void Hardening40_byte_by_byte()
    {
        for (int kind = 0; kind < Samples.Kinds; kind++)
        {
            byte[] plain = Samples.Of(kind, LongBytes, seed: 4);
            byte[] message = Zlib.Deflate(plain);
            Inflation inflation = new();
            Assert.Equal(InflateStatus.Done, inflation.Message(message, 15, false, [.. Enumerable.Range(0, message.Length)]));
            Assert.Equal(plain, inflation.Plain);
        }
    }

    [Fact]
    public void Random_cuts_of_messages_that_look_back()
    {
        Dice dice = new(5);
        List<byte[]> plains = [];
        for (int i = 0; i < 120; i++)
        {
            plains.Add(Samples.Of(dice.Below(Samples.Kinds), dice.Below(4) == 0 ? dice.Below(40_000) : dice.Below(500), seed: 6));
        }
        byte[][] messages = Zlib.DeflateRun(plains);
        Inflation inflation = new();
        for (int i = 0; i < messages.Length; i++)
        {
            int[] cuts = [.. Enumerable.Range(0, dice.Below(6)).Select(_ => dice.Below(messages[i].Length + 1)).Order()];
            Assert.Equal(InflateStatus.Done, inflation.Message(messages[i], 15, keepWindow: i > 0, cuts));
            Assert.Equal(plains[i], inflation.Plain);
        }
    }

    [Fact]
    public void Hardening39_a_message_cut_short_is_broken_wherever_it_is_cut()
    {
        byte[][] messages =
        [
            Zlib.Deflate(Samples.Of(4, 700, seed: 7)),
            Zlib.Deflate(Samples.Of(4, 60, seed: 8)),
            Zlib.Stored(Samples.Of(0, 50, seed: 9)),
        ];
        foreach (byte[] message in messages)
        {
            int first = message[0] == 0 ? 2 : 1; // one zero byte is a message of nothing
            for (int length = first; length < message.Length; length++)
            {
                Assert.Equal(InflateStatus.Broken, Inflation.Of(message.AsSpan(0, length), out _));
            }
        }
    }
}
