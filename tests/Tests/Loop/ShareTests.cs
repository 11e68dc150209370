using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>A connection's share of a turn, <see cref="EventLoopOptions.EventQuantum"/> (HARDENING 31).</summary>
public sealed class ShareTests
{
    private const int Quantum = 2;
    private const string Offer = "permessage-deflate; client_no_context_takeover";

    private static readonly EventLoopOptions s_options = new() { EventQuantum = Quantum, ControlFramesPerSecond = 0 };
    private static readonly byte[] s_close = Hex.Frame(Opcode.Close, true, [0x03, 0xE8]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Many_frames_in_one_read_take_many_turns_until_the_peers_close_frame(bool isClosing)
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = Open(rig, isClosing);
        byte[] frame = Hex.Frame(Opcode.Text, true, "hello"u8);
        rig.System.Deliver(socket, [.. Many(frame, 20), .. s_close]);
        rig.Loop.Turn();
        rig.Loop.Turn();
        Assert.Empty(rig.System.Finished);
        rig.Settle();
        Assert.Equal([socket], rig.System.Finished);
        Assert.Equal(isClosing ? 0 : 100, rig.Endpoint.ReceivedBytes);
        Assert.Equal([CloseCodes.Normal], rig.Endpoint.ClosedCodes);
        Assert.False(rig.Loop.IsOpen(connection));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hardening31_In_one_turn_a_flooder_is_given_its_quantum_of_messages(bool isCompressed)
    {
        LoopRig rig = new(s_options, static _ => new LoopRig.Recorder { Deflate = new() });
        (int socket, _) = Open(rig, isClosing: false, isCompressed);
        byte[] frame = isCompressed ? Compressed(new byte[8]) : Hex.Frame(Opcode.Binary, true, new byte[8]);
        rig.System.Deliver(socket, Many(frame, 20));
        while (rig.Endpoint.ReceivedBytes < 20 * 8)
        {
            long before = rig.Endpoint.ReceivedBytes;
            rig.Loop.Turn();
            Assert.InRange(rig.Endpoint.ReceivedBytes - before, 8, Quantum * 8);
        }
    }

    [Fact]
    public void Hardening31_A_kilobyte_that_is_inflated_to_counts_as_an_event()
    {
        LoopRig rig = new(s_options, static _ => new LoopRig.Recorder { Deflate = new(), Limits = new() { MessageBytesMax = 1 << 20 } });
        (int socket, _) = Open(rig, isClosing: false, isCompressed: true);
        rig.System.Deliver(socket, Many(Compressed(new byte[64 << 10]), 3));
        for (int message = 1; message <= 3; message++)
        {
            for (int step = 1; step <= (64 << 10) / Inflater.StepBytesMax; step++)
            {
                Assert.True(rig.Endpoint.ReceivedBytes < message * (64 << 10));
                rig.Loop.Turn(); // one step of output is more than the quantum
            }
        }
        rig.Settle();
        Assert.Equal(3 * (64 << 10), rig.Endpoint.ReceivedBytes);
    }

    // What is dropped is seen by the turns that it takes until the close frame behind it is met.
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Hardening31_Before_a_peers_close_frame_come_no_more_than_a_quantum_of_events_a_turn(bool isClosing, bool isCompressed)
    {
        LoopRig rig = new(s_options, static _ => new LoopRig.Recorder { Deflate = new() });
        (int socket, _) = Open(rig, isClosing, isCompressed);
        byte[] frame = isCompressed ? Compressed(new byte[8]) : Hex.Frame(Opcode.Pong, true, []);
        rig.System.Deliver(socket, [.. Many(frame, 20), .. s_close]);
        int turns = 0;
        for (; rig.System.Finished.Count == 0; turns++)
        {
            Assert.InRange(turns, 0, 50);
            rig.Loop.Turn();
        }
        Assert.True(turns > 20 / Quantum, $"{turns} turns for 21 events");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hardening31_What_waits_for_its_turn_is_read_no_further(bool isClosing)
    {
        LoopRig rig = new(s_options);
        (int socket, _) = Open(rig, isClosing);
        byte[] frames = Many(Hex.Frame(Opcode.Pong, true, []), 20);
        rig.System.Deliver(socket, frames);
        rig.Loop.Turn();
        Assert.Equal([socket], rig.System.Disarmed);
        rig.Settle();
        Assert.Empty(rig.System.Disarmed);
        Assert.Equal(0, rig.Loop.Resources.Buffers);
    }

    [Fact]
    public void Hardening31_Another_peer_has_its_message_in_the_turn_in_which_a_flooder_has_its_quantum()
    {
        LoopRig rig = new(s_options);
        (int flooder, _) = Open(rig, isClosing: false);
        (int other, _) = rig.Open();
        rig.System.Deliver(flooder, Many(Hex.Frame(Opcode.Pong, true, []), 1_000));
        rig.Loop.Turn();
        rig.System.Deliver(other, Hex.Frame(Opcode.Text, true, "hello"u8));
        rig.Loop.Turn();
        Assert.Equal(5, rig.Endpoint.ReceivedBytes);
        Assert.Equal([flooder], rig.System.Disarmed);
    }

    private static (int Socket, Handle Connection) Open(LoopRig rig, bool isClosing, bool isCompressed = false)
    {
        (int socket, Handle connection) = rig.Open(isCompressed ? Offer : null);
        if (isClosing)
        {
            rig.Loop.Close(connection, CloseCodes.Normal, "bye"u8);
            rig.Settle();
        }
        return (socket, connection);
    }

    private static byte[] Many(byte[] frame, int count) => [.. Enumerable.Repeat(frame, count).SelectMany(static frame => frame)];

    private static byte[] Compressed(byte[] message)
    {
        byte[] bytes = new byte[Deflater.BytesMax(message.Length)];
        int length = new Deflater().Compress(default, message, windowBits: 15, bytes, out _);
        return Hex.Frame(Opcode.Binary, true, bytes.AsSpan(0, length), compressed: true);
    }
}
