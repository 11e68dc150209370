using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

public sealed class CompressionTests
{
    private const string Offer = "permessage-deflate";

    private static readonly DeflateOptions s_options = new() { MessageBytesMin = 100 };

    [Fact]
    public void Fresh_chained_plain_and_foreign_messages_mix_and_every_byte_arrives()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Mix(new Random(seed));
        }
    }

    [Fact]
    public void A_source_without_compressing_readers_compresses_nothing()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder source = new(rig.Loop.Deflater);
        (_, Handle plain) = rig.Open();
        Publish(rig, source, 50, plain);
        Assert.Equal(0, source.CompressionCount);
    }

    [Fact]
    public void Readers_that_keep_up_share_one_compression_of_each_message()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder source = new(rig.Loop.Deflater);
        Handle[] readers = [.. Enumerable.Range(0, 20).Select(_ => rig.Open(Offer).Connection)];
        Publish(rig, source, 100, readers); // demand for what they no longer need dies away
        long before = source.CompressionCount;
        Publish(rig, source, 100, readers);
        int compressible = Enumerable.Range(0, 100).Count(static i => Text(new Random(i), i).Length >= MessageEncoder.MessageBytesMin);
        Assert.Equal(compressible, source.CompressionCount - before);
    }

    [Fact]
    public void A_reader_that_comes_late_soon_shares_the_others_frames()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder source = new(rig.Loop.Deflater);
        (int early, Handle first) = rig.Open(Offer);
        Publish(rig, source, 60, first);
        (int late, Handle second) = rig.Open(Offer);
        Publish(rig, source, 60, first, second);
        int before = rig.System.Taken[early].Count;
        int beforeLate = rig.System.Taken[late].Count;
        Publish(rig, source, 20, first, second);
        Assert.Equal(rig.System.Taken[early][before..], rig.System.Taken[late][beforeLate..]);
    }

    [Fact]
    public void A_source_whose_numbers_are_used_up_goes_on()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder source = new(rig.Loop.Deflater);
        (int socket, Handle reader) = rig.Open(Offer);
        List<string> sent = [];
        for (int i = 0; i < (1 << 16) + 20; i++)
        {
            string text = $"message {i}, which is long enough to be compressed";
            SharedMessage message = source.Encode(Opcode.Text, Encoding.ASCII.GetBytes(text), rig.Loop.Buffers);
            rig.Loop.SendShared(reader, message);
            rig.Loop.Turn();
            sent.Add(text);
        }
        rig.Settle();
        Assert.Equal(sent, rig.System.Messages(socket, new DeflateAgreement(15, 15, false, false)));
    }

    [Fact]
    public void A_message_with_a_secret_goes_plain_when_asked()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        (int socket, Handle connection) = rig.Open(Offer);
        byte[] message = Encoding.ASCII.GetBytes(new string('s', 400));
        rig.Loop.Send(connection, Opcode.Text, message, SendOptions.Uncompressed);
        rig.Settle();
        Assert.True(rig.System.Taken[socket].ToArray().AsSpan().IndexOf(message) > 0);
        int before = rig.System.Taken[socket].Count;
        rig.Loop.Send(connection, Opcode.Text, message);
        rig.Settle();
        Assert.InRange(rig.System.Taken[socket].Count - before, 3, 40);
    }

    [Fact]
    public void An_unfinished_compressed_message_keeps_an_inflater_and_a_finished_one_none()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        (int socket, _) = rig.Open(Offer);
        byte[] work = new byte[Deflater.BytesMax(1_000)];
        int length = new Deflater().Compress(default, new byte[1_000], 15, work, out _);
        byte[] frame = Hex.Frame(Opcode.Binary, true, work.AsSpan(0, length), compressed: true);
        rig.System.Deliver(socket, frame.AsSpan(0, frame.Length - length + 3));
        rig.Loop.Turn();
        Assert.Equal(1, rig.Loop.Resources.Inboxes);
        rig.System.Deliver(socket, frame.AsSpan(frame.Length - length + 3));
        rig.Loop.Turn();
        Assert.Equal(0, rig.Loop.Resources.Inboxes);
    }

    [Fact]
    public void A_compressed_reply_that_is_sent_at_once_restarts_the_run_of_what_follows_it()
    {
        LoopRig rig = new(new EventLoopOptions { UnsentBytesHigh = 10 }, _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder source = new(rig.Loop.Deflater);
        (int socket, Handle connection) = rig.Open(Offer);
        Publish(rig, source, 30, connection);
        string text = Text(new Random(100), 100);
        SharedMessage? next = source.Encode(Opcode.Text, Encoding.ASCII.GetBytes(text), rig.Loop.Buffers);
        rig.Endpoint.OnFill = batch =>
        {
            bool added = next is not null && batch.TryAddShared(next, default, 0);
            next = added ? null : next;
            return false;
        };
        string reply = string.Concat(Enumerable.Range(0, 200).Select(static i => $"{i} "));
        rig.Loop.Send(connection, Opcode.Text, Encoding.ASCII.GetBytes(reply));
        rig.Settle();
        Assert.Equal([reply, text], rig.System.Messages(socket, new DeflateAgreement(15, 15, false, false))[^2..]);
    }

    [Fact]
    public void Few_bytes_that_inflate_to_many_take_many_turns_and_all_arrive()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        (int socket, _) = rig.Open(Offer);
        byte[] work = new byte[Deflater.BytesMax(60_000)];
        int length = new Deflater().Compress(default, new byte[60_000], 15, work, out _);
        byte[] frame = Hex.Frame(Opcode.Binary, true, work.AsSpan(0, length), compressed: true);
        rig.System.Deliver(socket, [.. Enumerable.Repeat(frame, 100).SelectMany(static it => it), .. frame[..50]]);
        rig.Loop.Turn();
        Assert.InRange(rig.Endpoint.ReceivedBytes, 180_000, 330_000); // a share of 256 KB, in whole messages
        rig.Loop.Turn();
        Assert.InRange(rig.Endpoint.ReceivedBytes, 420_000, 660_000);
        rig.Settle();
        Assert.Equal(6_000_000, rig.Endpoint.ReceivedBytes);
        rig.System.Deliver(socket, frame.AsSpan(50));
        rig.Settle();
        Assert.Equal(6_060_000, rig.Endpoint.ReceivedBytes);
        Assert.Equal(0, rig.Loop.Resources.Buffers);
    }

    // Two sources, four kinds of readers, sends that are cut short anywhere.
    private static void Mix(Random dice)
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { Deflate = s_options });
        MessageEncoder[] sources = [new(rig.Loop.Deflater), new(rig.Loop.Deflater)];
        string?[] offers = [Offer, $"{Offer}; server_max_window_bits=9", $"{Offer}; server_no_context_takeover", null];
        DeflateAgreement[] agreed = [new(15, 15, false, false), new(15, 9, false, false), new(15, 15, false, true), default];
        (int Socket, Handle Connection)[] readers = [.. offers.Select(offer => rig.Open(offer))];
        List<string>[] sent = [.. offers.Select(_ => new List<string>())];
        for (int i = 0; i < 300; i++)
        {
            string text = Text(dice, i);
            bool isPrivate = dice.Next(8) == 0;
            SharedMessage message = sources[dice.Next(10) == 0 ? 1 : 0].Encode(Opcode.Text, Encoding.ASCII.GetBytes(text), rig.Loop.Buffers);
            for (int r = 0; r < readers.Length; r++)
            {
                if (dice.Next(12) == 0)
                {
                    continue; // this one skips it
                }
                Send(rig, dice, readers[r], isPrivate ? null : message, text);
                sent[r].Add(text);
            }
            rig.Settle();
        }
        for (int r = 0; r < readers.Length; r++)
        {
            rig.System.Unblock(readers[r].Socket);
            rig.Settle();
            Assert.Equal(sent[r], rig.System.Messages(readers[r].Socket, agreed[r]));
        }
    }

    private static void Send(LoopRig rig, Random dice, (int Socket, Handle Connection) reader, SharedMessage? message, string text)
    {
        if (dice.Next(10) == 0)
        {
            rig.System.Limit(reader.Socket, dice.Next(200));
        }
        else if (dice.Next(4) == 0)
        {
            rig.System.Unblock(reader.Socket);
            rig.Settle();
        }
        if (message is null)
        {
            rig.Loop.Send(reader.Connection, Opcode.Text, Encoding.ASCII.GetBytes(text));
        }
        else
        {
            rig.Loop.SendShared(reader.Connection, message);
        }
    }

    private static void Publish(LoopRig rig, MessageEncoder source, int count, params Handle[] readers)
    {
        for (int i = 0; i < count; i++)
        {
            SharedMessage message = source.Encode(Opcode.Text, Encoding.ASCII.GetBytes(Text(new Random(i), i)), rig.Loop.Buffers);
            foreach (Handle reader in readers)
            {
                rig.Loop.SendShared(reader, message);
            }
            rig.Settle();
        }
    }

    private static string Text(Random dice, int number) => dice.Next(6) == 0
        ? $"short {number}"
        : $"{{\"channel\":\"quotes\",\"number\":{number},\"bid\":{dice.Next(100_000)},\"ask\":{dice.Next(100_000)},\"venue\":\"somewhere\",\"text\":\"{new string('x', dice.Next(300))}\"}}";
}
