using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>How a peer that does not read is held where Kestrel carries it.</summary>
public sealed class SlowPeerTests
{
    [Fact]
    public async Task APeerThatDoesNotReadIsReadNoFurtherAndLosesNothing()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using Peer peer = rig.Connect(receiveBufferBytes: 4096);
        peer.Upgrade();
        byte[] frame = Peer.Frame(Opcode.Binary, new byte[16_000]);
        long sent = SendUntilRefused(peer, frame);
        Assert.InRange(sent, 1, 64 << 20);
        Thread.Sleep(2500); // longer than Kestrel's rates would allow

        int whole = (int)((sent + frame.Length - 1) / frame.Length);
        int rest = (int)((whole * (long)frame.Length) - sent);
        Task sending = Task.Run(() => peer.Send(frame.AsSpan(frame.Length - rest)), TestContext.Current.CancellationToken);
        for (int i = 0; i < whole; i++)
        {
            (Opcode opcode, byte[] payload) = peer.ReadFrame();
            Assert.Equal((Opcode.Binary, 16_000), (opcode, payload.Length));
        }
        await sending;
        peer.SendFrame(Opcode.Text, "still here"u8);
        Assert.Equal("still here"u8, peer.ReadFrame().Payload);
        peer.Reset();
        await rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task APeerThatNeverReadsIsGivenUpInTheMiddleOfAWrite()
    {
        EventLoopOptions impatient = new() { StallTimeoutMs = 200, CloseTimeoutMs = 200, LingerTimeoutMs = 200 };
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false, impatient);
        using Peer peer = rig.Connect(receiveBufferBytes: 4096);
        peer.Upgrade();
        SendUntilRefused(peer, Peer.Frame(Opcode.Binary, new byte[16_000]));
        await rig.ExpectNothingLeftAsync();
    }

    // Refused: nothing taken for as long as a machine that is busy needs to take something.
    private static long SendUntilRefused(Peer peer, byte[] frame)
    {
        const int RefusalsMax = 50;
        long sent = 0;
        for (int refusals = 0; refusals < RefusalsMax; refusals++)
        {
            int more = peer.SendSome(frame.AsSpan((int)(sent % frame.Length)));
            sent += more;
            if (more > 0)
            {
                refusals = 0;
            }
            else
            {
                Thread.Sleep(10);
            }
        }
        return sent;
    }
}
