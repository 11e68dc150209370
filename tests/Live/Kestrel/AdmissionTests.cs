using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>Who comes when there is no place for one more guest.</summary>
public sealed class AdmissionTests
{
    [Fact]
    public async Task WhileTheLoopsEndAnUpgradeIsRefused()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        await rig.ShutDownLoopsAsync();
        using Peer peer = rig.Connect();
        peer.Send(Peer.UpgradeRequest(KestrelRig.EchoPath));
        Assert.Equal((503, "The server is shutting down.\n"), peer.ReadResponse());
    }

    [Fact]
    public async Task WhenAllLoopsAreFullAnUpgradeIsRefused()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false, new EventLoopOptions { ConnectionsMax = 1 });
        using (Peer one = rig.Connect())
        {
            using Peer two = rig.Connect();
            one.Upgrade();
            two.Upgrade();
            using Peer three = rig.Connect();
            three.Send(Peer.UpgradeRequest(KestrelRig.EchoPath));
            Assert.Equal((503, "The server is full.\n"), three.ReadResponse());
        }
        await rig.ExpectNothingLeftAsync();
        using Peer four = rig.Connect();
        four.Upgrade();
    }
}
