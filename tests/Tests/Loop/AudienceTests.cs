using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Tests.Loop;

public sealed class AudienceTests
{
    [Fact]
    public void Everybody_gets_every_message_once_and_in_order()
    {
        LoopRig rig = new();
        Audience audience = new(rig.Loop);
        (int Socket, Handle Connection)[] members = [.. Enumerable.Range(0, 200).Select(_ => rig.Open())];
        foreach ((_, Handle connection) in members)
        {
            Assert.True(audience.Add(connection));
            Assert.False(audience.Add(connection));
        }
        for (int i = 0; i < 10; i++)
        {
            Assert.True(audience.Publish(Message(i)));
            rig.Loop.Turn();
        }
        rig.Settle();
        Assert.All(members, member => Assert.Equal(Enumerable.Range(0, 10).Select(Text), rig.System.Messages(member.Socket)));
    }

    [Fact]
    public void What_gathers_during_a_pass_goes_out_together()
    {
        LoopRig rig = new();
        Audience audience = new(rig.Loop);
        (_, Handle connection) = rig.Open();
        audience.Add(connection);
        int before = rig.System.SendCount;
        for (int i = 0; i < 10; i++)
        {
            audience.Publish(Message(i));
        }
        rig.Settle();
        Assert.Equal(before + 1, rig.System.SendCount);
    }

    [Fact]
    public void Members_may_leave_and_join_during_a_pass_and_nobody_misses_or_repeats()
    {
        Random dice = new(4);
        for (int round = 0; round < 30; round++)
        {
            LoopRig rig = new();
            Audience audience = new(rig.Loop);
            List<(int Socket, Handle Connection)> members = [.. Enumerable.Range(0, 150).Select(_ => rig.Open())];
            List<(int Socket, Handle Connection)> late = [.. Enumerable.Range(0, 20).Select(_ => rig.Open())];
            members.ForEach(member => audience.Add(member.Connection));
            audience.Publish(Message(0));
            rig.Loop.Turn(); // a part of the pass
            for (int i = dice.Next(100); i > 0; i--)
            {
                int at = dice.Next(members.Count);
                Assert.True(audience.Remove(members[at].Connection));
                Assert.False(audience.Remove(members[at].Connection));
                members.RemoveAt(at);
            }
            late.ForEach(member => audience.Add(member.Connection));
            audience.Publish(Message(1));
            rig.Settle();
            Assert.All(members, member => Assert.Equal([Text(0), Text(1)], rig.System.Messages(member.Socket)));
            Assert.All(late, member => Assert.Equal(Text(1), rig.System.Messages(member.Socket)[^1]));
            Assert.Equal(members.Count + 20, audience.Count);
        }
    }

    [Fact]
    public void A_member_that_is_behind_keeps_its_messages_and_holds_nobody_up()
    {
        LoopRig rig = new();
        Audience audience = new(rig.Loop);
        (int slow, Handle behind) = rig.Open();
        (int quick, Handle other) = rig.Open();
        audience.Add(behind);
        audience.Add(other);
        rig.System.Limit(slow, 5);
        for (int i = 0; i < 20; i++)
        {
            audience.Publish(Message(i));
            rig.Settle();
        }
        Assert.Equal(Enumerable.Range(0, 20).Select(Text), rig.System.Messages(quick));
        rig.System.Unblock(slow);
        rig.Settle();
        Assert.Equal(Enumerable.Range(0, 20).Select(Text), rig.System.Messages(slow));
    }

    [Fact]
    public void Only_so_many_messages_wait_for_a_pass()
    {
        LoopRig rig = new();
        Audience audience = new(rig.Loop);
        audience.Add(rig.Open().Connection);
        for (int i = 0; i < Audience.PendingMax; i++)
        {
            Assert.True(audience.Publish(Message(i)));
        }
        Assert.False(audience.Publish(Message(0)));
    }

    private static SharedMessage Message(int number) => SharedMessage.Of(Opcode.Text, Encoding.ASCII.GetBytes(Text(number)));

    private static string Text(int number) => $"message {number}";
}
