using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

public sealed class BackpressureTests
{
    private static readonly EventLoopOptions s_options = new() { UnsentBytesMax = 1_000, UnsentBytesHigh = 400 };

    [Fact]
    public void A_message_is_sent_while_the_peer_takes_and_queued_when_it_does_not()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        Assert.Equal(SendResult.Sent, rig.Loop.Send(connection, Opcode.Text, "one"u8));
        rig.Settle();
        rig.System.Limit(socket, 3);
        rig.Loop.Send(connection, Opcode.Text, "two"u8);
        rig.Settle();
        Assert.Equal(SendResult.Queued, rig.Loop.Send(connection, Opcode.Text, "three"u8));
        Assert.Equal(0, rig.Endpoint.DrainedCount);
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.Equal(["one", "two", "three"], rig.System.Messages(socket));
        Assert.Equal(1, rig.Endpoint.DrainedCount);
    }

    [Fact]
    public void Drained_comes_once_for_an_episode_however_often_it_was_told_to_wait()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        for (int episode = 1; episode <= 3; episode++)
        {
            rig.System.Limit(socket, 0);
            for (int i = 0; i < 5; i++)
            {
                rig.Loop.Send(connection, Opcode.Text, "xxxxxxxxxx"u8);
                rig.Settle();
            }
            rig.System.Unblock(socket, 20); // some, but not all
            rig.Settle();
            Assert.Equal(episode - 1, rig.Endpoint.DrainedCount);
            rig.System.Unblock(socket);
            rig.Settle();
            Assert.Equal(episode, rig.Endpoint.DrainedCount);
        }
    }

    [Fact]
    public void What_is_sent_when_drained_may_begin_the_next_episode()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.Endpoint.OnDrained = it =>
        {
            rig.System.Limit(socket, 0);
            rig.Loop.Send(it, Opcode.Text, "again"u8);
        };
        Fill(rig, socket, connection, 3);
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.Equal(1, rig.Endpoint.DrainedCount);
        Assert.True(rig.Loop.IsBlocked(connection));
        rig.Endpoint.OnDrained = null;
        Assert.Equal(SendResult.Queued, rig.Loop.Send(connection, Opcode.Text, "last"u8));
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.Equal(2, rig.Endpoint.DrainedCount);
        Assert.Equal(["again", "last"], rig.System.Messages(socket)[^2..]);
    }

    [Fact]
    public void A_peer_that_takes_too_little_is_closed_by_default()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        SendResult last = Fill(rig, socket, connection, 20);
        Assert.Equal(SendResult.Refused, last);
        rig.Settle();
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void The_newest_are_refused_where_that_is_the_policy_and_the_others_arrive()
    {
        LoopRig rig = new(s_options, _ => new LoopRig.Recorder { Overflow = OverflowPolicy.DropNewest });
        (int socket, Handle connection) = rig.Open();
        Assert.Equal(SendResult.Refused, Fill(rig, socket, connection, 20));
        rig.System.Unblock(socket);
        rig.Settle();
        List<string> messages = rig.System.Messages(socket);
        Assert.Equal(Enumerable.Range(0, messages.Count).Select(Numbered), messages);
        Assert.InRange(messages.Count, 8, 10); // of 102 bytes each
        Assert.Equal(1, rig.Endpoint.DrainedCount);
        Assert.Empty(rig.Endpoint.ClosedCodes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(150)]
    public void The_oldest_whole_messages_are_dropped_where_that_is_the_policy(int takenBefore)
    {
        LoopRig rig = new(s_options, _ => new LoopRig.Recorder { Overflow = OverflowPolicy.DropOldest });
        (int socket, Handle connection) = rig.Open();
        Assert.Equal(SendResult.Queued, Fill(rig, socket, connection, 40, takenBefore));
        rig.System.Unblock(socket);
        rig.Settle();
        List<string> messages = rig.System.Messages(socket);
        int begun = (takenBefore + 101) / 102;
        Assert.Equal(Enumerable.Range(0, begun).Select(Numbered), messages[..begun]);
        Assert.Equal(Enumerable.Range(40 - (messages.Count - begun), messages.Count - begun).Select(Numbered), messages[begun..]);
        Assert.InRange(messages.Count - begun, 6, 10);
    }

    [Fact]
    public void Dropping_the_oldest_keeps_what_was_begun_in_parts_and_what_the_protocol_owes()
    {
        LoopRig rig = new(s_options with { UnsentBytesHigh = 10_000 }, _ => new LoopRig.Recorder { Overflow = OverflowPolicy.DropOldest });
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 3);
        rig.Loop.SendPart(connection, Opcode.Text, "begun-"u8, last: false);
        rig.Settle();
        rig.System.Deliver(socket, Hex.Frame(Opcode.Ping, true, "p"u8));
        rig.Loop.Turn();
        rig.Loop.SendPart(connection, Opcode.Text, "ended"u8, last: true);
        for (int i = 0; i < 30; i++)
        {
            rig.Loop.Send(connection, Opcode.Text, Encoding.ASCII.GetBytes(Numbered(i)));
        }
        rig.System.Unblock(socket);
        rig.Settle();
        List<string> messages = rig.System.Messages(socket);
        Assert.Equal("begun-ended", messages[0]);
        Assert.Equal(Numbered(29), messages[^1]);
        Assert.InRange(messages.Count, 7, 11);
        Assert.True(rig.System.Taken[socket].ToArray().AsSpan().IndexOf((ReadOnlySpan<byte>)[0x8A, 1, (byte)'p']) >= 0, "the pong went out");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_what_waits_for_the_end_of_one_in_parts_the_oldest_are_dropped(bool isBlocked)
    {
        LoopRig rig = new(s_options, _ => new LoopRig.Recorder { Overflow = OverflowPolicy.DropOldest });
        (int socket, Handle connection) = rig.Open();
        if (isBlocked)
        {
            rig.System.Limit(socket, 3);
        }
        rig.Loop.SendPart(connection, Opcode.Text, "begun-"u8, last: false);
        rig.Settle();
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal(SendResult.Queued, rig.Loop.Send(connection, Opcode.Text, Encoding.ASCII.GetBytes(Numbered(i))));
        }
        rig.Loop.SendPart(connection, Opcode.Text, "ended"u8, last: true);
        if (isBlocked)
        {
            rig.System.Unblock(socket);
        }
        rig.Settle();
        List<string> messages = rig.System.Messages(socket);
        Assert.Equal("begun-ended", messages[0]);
        Assert.InRange(messages.Count, 7, 11);
        Assert.Equal(Enumerable.Range(40 - (messages.Count - 1), messages.Count - 1).Select(Numbered), messages[1..]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_sent_in_anothers_event_goes_out_as_it_gathers_and_is_bounded(bool isBlocked)
    {
        LoopRig rig = new(s_options);
        (int sending, _) = rig.Open();
        (int socket, Handle other) = rig.Open();
        if (isBlocked)
        {
            rig.System.Limit(socket, 0);
        }
        List<SendResult> answers = [];
        rig.Endpoint.OnReceived = () =>
        {
            for (int i = 0; i < 100; i++)
            {
                answers.Add(rig.Loop.Send(other, Opcode.Text, Encoding.ASCII.GetBytes(Numbered(i))));
            }
        };
        rig.System.Deliver(sending, Hex.Frame(Opcode.Text, true, "go"u8));
        rig.Settle();
        if (isBlocked)
        {
            Assert.InRange(answers.Count(static answer => answer != SendResult.Refused), 1, 15); // 1,000 bytes and a little
            Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
            return;
        }
        Assert.All(answers, static answer => Assert.Equal(SendResult.Sent, answer));
        Assert.Equal(Enumerable.Range(0, 100).Select(Numbered), rig.System.Messages(socket));
        Assert.InRange(rig.System.SendCount, 15, 40); // some hundreds of bytes each
    }

    [Fact]
    public void A_part_is_refused_while_much_waits_and_taken_when_drained()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        byte[] part = Encoding.ASCII.GetBytes(Numbered(1));
        int accepted = 0;
        while (rig.Loop.SendPart(connection, Opcode.Binary, part, last: false) != SendResult.Refused)
        {
            accepted++;
            rig.Settle();
        }
        Assert.InRange(accepted, 4, 6); // 400 bytes and one more
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.Equal(1, rig.Endpoint.DrainedCount);
        Assert.Equal(SendResult.Sent, rig.Loop.SendPart(connection, Opcode.Binary, part, last: true));
        rig.Settle();
        Assert.Equal([string.Concat(Enumerable.Repeat(Numbered(1), accepted + 1))], rig.System.Messages(socket));
    }

    [Fact]
    public void Other_messages_wait_for_the_end_of_one_that_is_sent_in_parts()
    {
        LoopRig rig = new();
        (int socket, Handle connection) = rig.Open();
        rig.Loop.SendPart(connection, Opcode.Text, "a"u8, last: false);
        Assert.Equal(SendResult.Queued, rig.Loop.Send(connection, Opcode.Text, "whole"u8));
        Assert.Equal(SendResult.Queued, rig.Loop.SendShared(connection, SharedMessage.Of(Opcode.Text, "shared"u8)));
        rig.Settle();
        rig.Loop.SendPart(connection, Opcode.Text, "b"u8, last: true);
        rig.Settle();
        Assert.Equal(["ab", "whole", "shared"], rig.System.Messages(socket));
        Assert.Equal(0, rig.Loop.Resources.Buffers);
        Assert.Equal(1, rig.Endpoint.DrainedCount);
    }

    [Fact]
    public void A_message_is_taken_in_parts_where_the_endpoint_wants_it()
    {
        LoopRig rig = new(endpoint: _ => new LoopRig.Recorder { TakesParts = true });
        (int socket, _) = rig.Open();
        byte[] frame = Hex.Frame(Opcode.Binary, true, new byte[300]);
        rig.System.Deliver(socket, frame.AsSpan(0, 108));
        rig.Loop.Turn();
        rig.System.Deliver(socket, frame.AsSpan(108));
        rig.Loop.Turn();
        Assert.Equal(["Binary 100 False", "Binary 200 True"], rig.Endpoint.Parts);
        Assert.Equal(0, rig.Loop.Resources.Buffers);
    }

    private static SendResult Fill(LoopRig rig, int socket, Handle connection, int count, int room = 0)
    {
        rig.System.Limit(socket, room);
        SendResult result = default;
        for (int i = 0; i < count; i++)
        {
            result = rig.Loop.Send(connection, Opcode.Text, Encoding.ASCII.GetBytes(Numbered(i)));
            rig.Settle();
        }
        return result;
    }

    private static string Numbered(int number) => number.ToString("d100", System.Globalization.CultureInfo.InvariantCulture);
}
