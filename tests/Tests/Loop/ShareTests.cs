using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>A connection's share of a turn, <see cref="EventLoopOptions.EventQuantum"/>.</summary>
public sealed class ShareTests
{
    private static readonly EventLoopOptions s_options = new() { EventQuantum = 2 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Many_frames_in_one_read_take_many_turns_until_the_peers_close_frame(bool isClosing)
    {
        LoopRig rig = new(s_options);
        (int socket, Handle connection) = rig.Open();
        if (isClosing)
        {
            rig.Loop.Close(connection, CloseCodes.Normal, "bye"u8);
            rig.Settle();
        }
        byte[] frame = Hex.Frame(Opcode.Text, true, "hello"u8);
        rig.System.Deliver(socket, [.. Enumerable.Repeat(frame, 20).SelectMany(static frame => frame), .. Hex.Frame(Opcode.Close, true, [0x03, 0xE8])]);
        rig.Loop.Turn();
        rig.Loop.Turn();
        Assert.Empty(rig.System.Finished);
        rig.Settle();
        Assert.Equal([socket], rig.System.Finished);
        Assert.Equal(isClosing ? 0 : 100, rig.Endpoint.ReceivedBytes);
        Assert.Equal([CloseCodes.Normal], rig.Endpoint.ClosedCodes);
    }
}
