using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>What a peer has to do until when (HARDENING 3, 45 to 48).</summary>
public sealed class DeadlineTests
{
    private static readonly EventLoopOptions s_options = new()
    {
        HandshakeTimeoutMs = 2_000,
        PingAfterMs = 10_000,
        PongTimeoutMs = 3_000,
        ProgressTimeoutMs = 4_000,
        StallTimeoutMs = 4_000,
        CloseTimeoutMs = 1_000,
        CloseDurationMsMax = 5_000,
        LingerTimeoutMs = 500,
    };

    [Fact]
    public void Hardening47_A_silent_peer_is_pinged_and_then_gone()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Wait(9_900);
        Assert.Equal("", rig.Frames(socket));
        rig.Wait(200);
        Assert.Equal("ping 0", rig.Frames(socket));
        rig.Wait(2_900);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(200);
        Assert.Equal("ping 0 | close 1001 no pong", rig.Frames(socket));
        Assert.Equal([CloseCodes.Abnormal], rig.Endpoint.ClosedCodes);
        rig.Wait(600);
        Assert.Equal([socket], rig.System.Closed);
        Assert.Equal(default, rig.Loop.Resources);
    }

    [Fact]
    public void Hardening47_Any_byte_is_life()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        byte[] frame = Hex.Frame(Opcode.Binary, true, new byte[2]);
        for (int i = 0; i < frame.Length; i++)
        {
            rig.Receive(socket, frame.AsSpan(i, 1));
            rig.Wait(400);
        }
        rig.Wait(9_400);
        Assert.Equal("", rig.Frames(socket));
        rig.Wait(400);
        Assert.Equal("ping 0", rig.Frames(socket));
    }

    [Fact]
    public void Hardening47_A_peer_that_answers_stays()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        for (int i = 0; i < 20; i++)
        {
            rig.Wait(10_200);
            rig.Receive(socket, Hex.Frame(Opcode.Pong, true, default));
        }
        Assert.Equal(20, rig.Frames(socket).Split(" | ").Length);
        Assert.Empty(rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening47_A_peer_for_whom_output_waits_owes_no_pong_and_has_its_time_afterwards()
    {
        LoopRig rig = new(s_options with { StallTimeoutMs = 60_000 });
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        rig.Loop.Send(connection, Opcode.Text, "x"u8);
        rig.Wait(40_000);
        rig.System.Unblock(socket);
        rig.Wait(2_900);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(20_000);
        Assert.Equal([CloseCodes.Abnormal], rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void An_endpoint_with_pings_of_its_own_has_no_others()
    {
        LoopRig rig = new(s_options, static _ => new LoopRig.Recorder { PingAfterMs = 0 });
        (int socket, _) = rig.Open();
        Assert.Equal(0, rig.Loop.Resources.Timers);
        rig.Wait(100_000, stepMs: 1_000);
        Assert.Equal("", rig.Frames(socket));
    }

    [Fact]
    public void A_deadline_that_the_loop_has_missed_itself_is_given_again()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Wait(10_100);
        rig.Receive(socket, Hex.Frame(Opcode.Binary, false, new byte[10]));
        rig.Wait(100_000, stepMs: 100_000); // a machine that was asleep: what peers said meanwhile is not read yet
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Receive(socket, Hex.Frame(Opcode.Continuation, true, new byte[10]));
        rig.Wait(9_000);
        Assert.Empty(rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening32_Control_frames_do_not_postpone_the_idle_deadline()
    {
        LoopRig rig = new(s_options with { IdleTimeoutMs = 20_000, PingAfterMs = 0 });
        (int socket, _) = rig.Open();
        rig.Wait(15_000);
        rig.Receive(socket, Hex.Frame(Opcode.Text, true, "x"u8));
        for (int i = 0; i < 19; i++)
        {
            rig.Wait(1_000);
            rig.Receive(socket, Hex.Frame(Opcode.Pong, true, default));
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(2_000);
        Assert.EndsWith("close 1001 idle", rig.Frames(socket), StringComparison.Ordinal);
        Assert.Equal([CloseCodes.GoingAway], rig.Endpoint.ClosedCodes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_nothing_is_read_of_a_peer_it_is_not_idle_and_has_its_time_afterwards(bool choked)
    {
        LoopRig rig = new(s_options with { IdleTimeoutMs = 6_400, PingAfterMs = 0, StallTimeoutMs = 60_000 });
        (int socket, Handle connection) = rig.Open();
        if (choked)
        {
            rig.System.Limit(socket, 0);
            rig.Loop.Send(connection, Opcode.Binary, new byte[100_000]);
        }
        else
        {
            rig.Loop.Hold(connection);
        }
        rig.Wait(20_000);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.System.Unblock(socket);
        rig.Loop.Resume(connection);
        rig.Wait(6_300);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(500);
        Assert.Equal([CloseCodes.GoingAway], rig.Endpoint.ClosedCodes);
    }

    [Theory]
    [InlineData(false, 256)]
    [InlineData(true, 256)]
    [InlineData(false, 1)]
    public void Hardening48_A_byte_now_and_then_is_no_progress_answered_pings_notwithstanding(bool inParts, int eventQuantum)
    {
        LoopRig rig = new(s_options with { EventQuantum = eventQuantum }, _ => new LoopRig.Recorder { TakesParts = inParts });
        (int socket, _) = rig.Open();
        rig.Receive(socket, Hex.Frame(Opcode.Binary, false, new byte[1]));
        for (int i = 0; i < 39; i++)
        {
            rig.Receive(socket, Hex.Frame(Opcode.Continuation, false, new byte[1]));
            rig.Receive(socket, Hex.Frame(Opcode.Ping, true, default));
            rig.Wait(100);
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(200);
        Assert.EndsWith("close 1008 slow", rig.Frames(socket), StringComparison.Ordinal);
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
    }

    [Theory]
    [InlineData("89")]
    [InlineData("8984")]
    [InlineData("898400000000 00")]
    [InlineData("81fe")]
    [InlineData("8190 00000000 61")]
    public void Hardening48_A_frame_begun_must_be_ended(string hex)
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Receive(socket, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        rig.Wait(3_900);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(200);
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening48_Who_sends_a_kibibyte_in_the_time_may_send_for_ever()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        rig.Receive(socket, Hex.Frame(Opcode.Binary, false, new byte[1]));
        for (int i = 0; i < 40; i++)
        {
            rig.Wait(2_000);
            rig.Receive(socket, Hex.Frame(Opcode.Continuation, false, new byte[1_100]));
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Receive(socket, Hex.Frame(Opcode.Continuation, true, default));
        rig.Wait(9_000);
        Assert.Empty(rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening48_Messages_that_end_are_progress_however_small()
    {
        LoopRig rig = new(s_options);
        (int socket, _) = rig.Open();
        byte[] frame = Hex.Frame(Opcode.Text, true, "x"u8);
        for (int i = 0; i < 20; i++)
        {
            // Each input ends one message and begins the next.
            rig.Receive(socket, i == 0 ? frame.AsSpan(0, 3) : [.. frame[3..], .. frame[..3]]);
            rig.Wait(2_000);
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening48_While_nothing_is_read_of_a_peer_it_is_not_slow()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.Receive(socket, Hex.Frame(Opcode.Binary, false, new byte[10]));
        rig.Loop.Hold(connection);
        rig.Wait(9_000);
        rig.Loop.Resume(connection);
        rig.Wait(3_900);
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(200);
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening47_Who_takes_a_few_bytes_at_a_time_is_as_one_who_takes_none()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        rig.Loop.Send(connection, Opcode.Binary, new byte[30_000]);
        rig.Settle();
        for (int i = 0; i < 39; i++)
        {
            rig.Wait(100);
            rig.System.Unblock(socket, 10);
        }
        Assert.Empty(rig.Endpoint.ClosedCodes);
        rig.Wait(200);
        Assert.Equal([CloseCodes.PolicyViolation], rig.Endpoint.ClosedCodes);
    }

    [Fact]
    public void Hardening47_Who_takes_a_kibibyte_in_the_time_is_served_to_the_end()
    {
        LoopRig rig = new(s_options with { PingAfterMs = 0 });
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        rig.Loop.Send(connection, Opcode.Binary, new byte[30_000]);
        for (int i = 0; i < 30; i++)
        {
            rig.Wait(2_000);
            rig.System.Unblock(socket, 1_100);
        }
        rig.Settle();
        Assert.Empty(rig.Endpoint.ClosedCodes);
        Assert.Contains("binary 30000", rig.Frames(socket), StringComparison.Ordinal);
    }

    [Fact]
    public void Hardening45_A_close_waits_while_bytes_are_taken()
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        rig.System.Limit(socket, 0);
        rig.Loop.Send(connection, Opcode.Binary, new byte[3_000]);
        rig.Loop.Close(connection, CloseCodes.Normal, "bye"u8);
        for (int i = 0; i < 5; i++)
        {
            rig.Wait(800);
            rig.System.Unblock(socket, 700);
        }
        rig.Settle();
        Assert.Equal("binary 3000 | close 1000 bye", rig.Frames(socket));
        rig.Wait(900);
        Assert.Empty(rig.System.Closed); // its close frame is waited for from the last byte on
        rig.Wait(200);
        Assert.Equal([socket], rig.System.Closed);
    }

    [Fact]
    public void Hardening45_A_close_does_not_wait_for_one_who_takes_nothing_and_not_for_ever()
    {
        foreach (int taken in new[] { 0, 1 })
        {
            LoopRig rig = new(s_options);
            (int socket, Handle connection) = rig.Open();
            rig.System.Limit(socket, 0);
            rig.Loop.Send(connection, Opcode.Binary, new byte[3_000]);
            rig.Loop.Close(connection, CloseCodes.Normal, "bye"u8);
            int waited = 0;
            for (; rig.System.Closed.Count == 0; waited += 500)
            {
                rig.Wait(500);
                rig.System.Unblock(socket, taken);
            }
            Assert.Equal((taken, taken == 0 ? 1_500 : 5_500), (taken, waited));
            Assert.Equal(default, rig.Loop.Resources);
        }
    }

    [Fact]
    public void Hardening03_A_head_has_one_deadline_however_many_bytes_come()
    {
        LoopRig rig = new(s_options);
        int socket = rig.System.Accept();
        rig.Loop.Turn();
        byte[] request = ScriptedSystem.Request(LoopRig.Recorder.At);
        for (int i = 0; i < 19; i++)
        {
            rig.Receive(socket, request.AsSpan(i, 1));
            rig.Wait(100);
        }
        Expect408Soon(rig, socket);
    }

    [Fact]
    public void Hardening03_A_part_of_a_request_that_was_only_peeked_at_is_answered_too()
    {
        LoopRig rig = new(s_options with { ReleasesForeign = true });
        int socket = rig.System.Accept();
        rig.Loop.Turn();
        rig.System.Peek(socket, "GET /"u8);
        rig.Wait(1_900);
        Expect408Soon(rig, socket);
    }

    [Fact]
    public void Hardening03_Who_says_nothing_is_told_nothing()
    {
        LoopRig rig = new(s_options);
        int socket = rig.System.Accept();
        rig.Loop.Turn();
        rig.Wait(2_100);
        Assert.Empty(rig.System.Taken[socket]);
        Assert.Equal([socket], rig.System.Closed);
    }

    [Fact]
    public void A_request_that_comes_while_the_server_shuts_down_is_answered()
    {
        LoopRig rig = new(s_options with { ShutdownSpreadMs = 100_000, HandshakeTimeoutMs = 200_000 });
        int complete = rig.System.Accept();
        int partial = rig.System.Accept();
        rig.Loop.Turn();
        rig.Loop.BeginShutdown();
        rig.Receive(complete, ScriptedSystem.Request(LoopRig.Recorder.At));
        rig.Receive(partial, "GET "u8);
        int late = rig.System.Accept();
        rig.Wait(100_100, stepMs: 50_000);
        Assert.All([complete, partial, late], socket =>
        {
            Assert.StartsWith("HTTP/1.1 503 ", rig.Head(socket), StringComparison.Ordinal);
            Assert.Contains("\r\nRetry-After: 5\r\n", rig.Head(socket), StringComparison.Ordinal);
        });
        rig.Wait(1_000);
        Assert.True(rig.Loop.Stopped);
    }

    private static void Expect408Soon(LoopRig rig, int socket)
    {
        Assert.Empty(rig.System.Taken[socket]);
        rig.Wait(200);
        Assert.StartsWith("HTTP/1.1 408 ", rig.Head(socket), StringComparison.Ordinal);
        Assert.Equal([socket], rig.System.Finished);
        rig.Wait(600);
        Assert.Equal([socket], rig.System.Closed);
        Assert.Equal(default, rig.Loop.Resources);
    }
}
