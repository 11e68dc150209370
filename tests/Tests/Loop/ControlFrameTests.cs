using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>Pings and pongs of a peer (HARDENING 32).</summary>
public sealed class ControlFrameTests
{
    private static readonly EventLoopOptions s_options = new() { ControlFramesPerSecond = 10, ControlFramesBurst = 50, PingAfterMs = 60_000 };

    [Fact]
    public void Hardening32_Ten_pings_in_one_read_get_ten_pongs()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Receive(socket, Pings(10));
        Assert.Equal(string.Join(" | ", Enumerable.Range(0, 10).Select(static i => $"pong {i}")), rig.Frames(socket));
    }

    [Fact]
    public void Hardening32_A_flood_of_pings_is_closed()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Receive(socket, Pings(50));
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Receive(socket, Pings(5));
        Assert.EndsWith("close 1008 too many control frames", rig.Frames(socket), StringComparison.Ordinal);
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
        Assert.Equal([socket], rig.System.Finished);
    }

    [Fact]
    public void Hardening32_At_its_rate_a_peer_may_ping_for_ever()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        for (int i = 0; i < 100; i++)
        {
            rig.Receive(socket, Pings(10));
            rig.Wait(1_000);
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(10_000);
        Assert.Equal(0, rig.Loop.Resources.Watches);
    }

    [Fact]
    public void Hardening32_Of_pongs_that_could_not_be_written_one_waits_the_latest()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 1);
        rig.Loop.Send(connection, Opcode.Text, "waits"u8);
        rig.Settle();
        long before = rig.Loop.MemoryBytes;
        rig.Receive(socket, Pings(10));
        rig.Receive(socket, Pings(30));
        rig.Settle();
        Assert.InRange(rig.Loop.MemoryBytes - before, 0, 256);
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.Equal("text 5 | pong 29", rig.Frames(socket));
        rig.Receive(socket, Pings(1));
        Assert.EndsWith("pong 29 | pong 0", rig.Frames(socket), StringComparison.Ordinal);
        Assert.Equal(0, rig.Loop.Resources.Inboxes);
    }

    [Fact]
    public void Hardening32_Pongs_of_which_some_were_written_keep_their_order()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.System.Limit(socket, 7); // of the pongs of 0, 1 and 2 bytes, whole; of the next one a part
        rig.Receive(socket, Pings(10));
        rig.Receive(socket, Pings(20));
        rig.System.Unblock(socket, 3);
        rig.Settle();
        rig.Receive(socket, Pings(5));
        rig.System.Unblock(socket);
        rig.Settle();
        Assert.EndsWith("pong 8 | pong 9 | pong 4", rig.Frames(socket), StringComparison.Ordinal);
    }

    private static byte[] Pings(int count) =>
        [.. Enumerable.Range(0, count).SelectMany(static i => Hex.Frame(Opcode.Ping, true, Encoding.ASCII.GetBytes(new string('p', i))))];
}
