using Sluice.AspNetCore;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>How connections end where Kestrel carries them.</summary>
public abstract class CloseTests(bool isTls) : IAsyncLifetime
{
    private readonly CertificateFolder _folder = new();
    private ServerCertificate _certificate = null!;
    private KestrelRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _certificate = _folder.Load();
        _rig = await KestrelRig.StartAsync(isShared: false, null, _certificate);
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task ACloseFrameIsAnsweredAndTheServerEndsFirst()
    {
        using Peer peer = Connect();
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
        using Peer peer = Connect();
        peer.Send([.. System.Text.Encoding.ASCII.GetBytes(Peer.UpgradeRequest(KestrelRig.EchoPath)), .. Peer.Frame(Opcode.Text, "early"u8)]);
        peer.ReadHead();
        Assert.Equal("early"u8, peer.ReadFrame().Payload);
        peer.End();
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task ACloseFrameReachesAPeerThatIsStillSending()
    {
        using Peer peer = Connect();
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
        using Peer peer = Connect();
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
            using Peer peer = Connect();
            peer.Upgrade();
            peer.Send(Peer.Frame(Opcode.Binary, new byte[100_000]).AsSpan(0, i * 5_000));
            peer.Reset();
        }
        await _rig.ExpectNothingLeftAsync();
    }

    private Peer Connect() => new(isTls ? _rig.Tls : _rig.Http1, 0, isTls);

    private static int Code(byte[] payload) => (payload[0] << 8) | payload[1];
}

public sealed class PlainCloseTests() : CloseTests(isTls: false);

public sealed class TlsCloseTests() : CloseTests(isTls: true);
