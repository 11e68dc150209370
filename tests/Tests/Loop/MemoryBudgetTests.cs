using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>Who is let go when memory is short (HARDENING 52).</summary>
public sealed class MemoryBudgetTests
{
    private static readonly EventLoopOptions s_options = new() { MemoryBytesMax = 80 << 10 };

    private static readonly Dictionary<string, EventLoopOptions> s_without = new()
    {
        ["nothing"] = s_options,
        [nameof(EventLoopOptions.ProgressTimeoutMs)] = s_options with { ProgressTimeoutMs = 0 },
        [nameof(EventLoopOptions.ControlFramesPerSecond)] = s_options with { ControlFramesPerSecond = 0 },
        [nameof(EventLoopOptions.PingAfterMs)] = s_options with { PingAfterMs = 0 },
        [nameof(EventLoopOptions.IdleTimeoutMs)] = s_options with { IdleTimeoutMs = 60_000 }, // off by default
        [nameof(EventLoopOptions.RefusalsMax)] = s_options with { RefusalsMax = 0 },
        [nameof(EventLoopOptions.ShutdownSpreadMs)] = s_options with { ShutdownSpreadMs = 0 },
        [nameof(EventLoopOptions.HandshakesPerAddressMax)] = s_options with { HandshakesPerAddressMax = 10, ConnectionsPerAddressMax = 10, HandshakesPerSecondPerAddress = 10 },
        ["all"] = s_options with { ProgressTimeoutMs = 0, ControlFramesPerSecond = 0, PingAfterMs = 0, RefusalsMax = 0, ShutdownSpreadMs = 0 },
    };

    /// <summary>Limits that can be off, or on.</summary>
    public static TheoryData<string> Without => [.. s_without.Keys];

    [Theory]
    [MemberData(nameof(Without))]
    public void Hardening52_Slow_readers_go_first_then_messages_then_heads(string without)
    {
        LoopRig rig = new(s_without[without]);
        (int reader, Handle slow) = rig.Open();
        (int sender, _) = rig.Open();
        int asking = rig.System.Accept();
        rig.Loop.Turn();
        rig.Receive(asking, "GET /t HTTP/1.1\r\n"u8);
        rig.Receive(sender, Hex.Frame(Opcode.Binary, false, new byte[20_000]));
        rig.System.Limit(reader, 0);
        rig.Loop.Send(slow, Opcode.Binary, new byte[20_000]);
        rig.Settle();
        Assert.Empty(rig.Endpoint.ClosedCodes);

        List<byte[]> endpoints = [rig.Loop.Buffers.Rent(32 << 10)];
        rig.Loop.Turn();
        Assert.Equal([CloseCodes.TryAgainLater], rig.Endpoint.ClosedCodes);
        rig.System.Unblock(reader);
        rig.Settle();
        Assert.Equal("close 1013 try again later", rig.Frames(reader));
        Assert.Equal("", rig.Frames(sender));

        endpoints.Add(rig.Loop.Buffers.Rent(32 << 10));
        rig.Loop.Turn();
        Assert.Equal("close 1013 try again later", rig.Frames(sender));
        Assert.Empty(rig.System.Taken[asking]);

        endpoints.Add(rig.Loop.Buffers.Rent(32 << 10));
        rig.Loop.Turn();
        Assert.StartsWith("HTTP/1.1 503 ", rig.Head(asking), StringComparison.Ordinal);

        rig.Loop.Turn(); // and what is the endpoint's own is nobody's fault
        endpoints.ForEach(rig.Loop.Buffers.Return);
        rig.Wait(10_000);
        Assert.Equal(default, rig.Loop.Resources);
        Assert.Equal(0, rig.Loop.MemoryBytes);
    }

    [Theory]
    [MemberData(nameof(Without))]
    public void Hardening52_Of_a_kind_the_largest_go_and_no_more_than_needed(string without)
    {
        LoopRig rig = new(s_without[without] with { MemoryBytesMax = 40 << 10 });
        int[] bytes = [1_000, 9_000, 3_000, 17_000, 5_000];
        int[] sockets = [.. bytes.Select(_ => rig.Open().Socket)];
        for (int i = 0; i < bytes.Length; i++)
        {
            rig.Receive(sockets[i], Hex.Frame(Opcode.Binary, false, new byte[bytes[i]]));
        }
        Assert.Equal([.. bytes.Select(static count => count == 17_000 ? "close 1013 try again later" : "")], sockets.Select(socket => rig.Frames(socket)));
    }

    [Theory]
    [MemberData(nameof(Without))]
    public void Hardening52_A_peer_in_the_middle_of_a_large_message_is_cut_off(string without)
    {
        LoopRig rig = new(s_without[without] with { MemoryBytesMax = 300 << 10 });
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 100);
        rig.Loop.Send(connection, Opcode.Binary, new byte[400 << 10]);
        rig.Settle();
        Assert.Equal([socket], rig.System.Closed);
        Assert.Equal([CloseCodes.TryAgainLater], rig.Endpoint.ClosedCodes);
        Assert.Equal(default, rig.Loop.Resources);
    }

    [Theory]
    [MemberData(nameof(Without))]
    public void Hardening52_Who_closes_and_takes_nothing_is_not_waited_for(string without)
    {
        LoopRig rig = new(s_without[without]);
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        rig.Loop.Send(connection, Opcode.Binary, new byte[40_000]);
        rig.Loop.Close(connection, CloseCodes.Normal, default);
        rig.Settle();
        Assert.Empty(rig.System.Closed);
        byte[] endpoints = rig.Loop.Buffers.Rent(32 << 10);
        rig.Loop.Turn();
        Assert.Equal([socket], rig.System.Closed);
        rig.Loop.Buffers.Return(endpoints);
    }
}
