using System.Net.Sockets;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>How connections end, and how slow ones are held, where Kestrel carries them.</summary>
public sealed class CloseTests : IAsyncLifetime
{
    private KestrelRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await KestrelRig.StartAsync(isShared: false);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ACloseFrameIsAnsweredAndTheServerEndsFirst()
    {
        using Peer peer = _rig.Connect();
        peer.Upgrade();
        peer.SendFrame(Opcode.Close, [0x03, 0xE8, (byte)'b', (byte)'y', (byte)'e']);
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Close, 1000), (opcode, Code(payload)));
        peer.ExpectEnd();
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task FramesThatCameWithTheRequestAreServed()
    {
        using Peer peer = _rig.Connect();
        peer.Send([.. System.Text.Encoding.ASCII.GetBytes(Peer.UpgradeRequest(KestrelRig.EchoPath)), .. Peer.Frame(Opcode.Text, "early"u8)]);
        peer.ReadHead();
        Assert.Equal("early"u8, peer.ReadFrame().Payload);
        peer.End();
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task ACloseFrameReachesAPeerThatIsStillSending()
    {
        using Peer peer = _rig.Connect();
        peer.Upgrade();
        byte[] unmasked = [0x82, 0x01, 0x00, .. new byte[4 << 20]];
        Task sending = Task.Run(() => peer.Send(unmasked), TestContext.Current.CancellationToken);
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Close, 1002), (opcode, Code(payload)));
        await sending;
        peer.ExpectEnd();
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task AnEndInTheMiddleOfAFrameLeavesNothing()
    {
        using Peer peer = _rig.Connect();
        peer.Upgrade();
        peer.Send(Peer.Frame(Opcode.Binary, new byte[100_000]).AsSpan(0, 50_000));
        peer.End();
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task AResetInTheMiddleOfAFrameLeavesNothing()
    {
        for (int i = 0; i < 20; i++)
        {
            using Peer peer = _rig.Connect();
            peer.Upgrade();
            peer.Send(Peer.Frame(Opcode.Binary, new byte[100_000]).AsSpan(0, i * 5_000));
            peer.Reset();
        }
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task APeerThatDoesNotReadIsReadNoFurtherAndLosesNothing()
    {
        using Peer peer = _rig.Connect(receiveBufferBytes: 4096);
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
        await _rig.ExpectNothingLeftAsync();
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

    private static int Code(byte[] payload) => (payload[0] << 8) | payload[1];
}
