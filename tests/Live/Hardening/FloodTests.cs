using System.Text;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 31, 32 and 51: peers that send much, or anything.</summary>
/// <remarks>How much of a flood one turn takes is counted where turns are: by ShareTests of the loop.</remarks>
public sealed class FloodTests
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening31_One_that_sends_tiny_frames_without_end_starves_nobody(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { ControlFramesPerSecond = 0 });
        using Peer flooder = server.Open();
        using Peer other = server.Open();
        byte[] pongs = [.. Enumerable.Repeat(Frame(Opcode.Pong, []), 10_000).SelectMany(static frame => frame)];
        bool isEnough = false;
        long floods = 0;
        Task flood = Task.Run(() =>
        {
            for (; !Volatile.Read(ref isEnough); Interlocked.Increment(ref floods))
            {
                flooder.Send(pongs);
            }
        }, TestContext.Current.CancellationToken);
        for (int i = 0; i < 20; i++)
        {
            other.ExpectEcho($"{i}");
        }
        Volatile.Write(ref isEnough, true);
        await flood;
        Assert.NotEqual(0, Interlocked.Read(ref floods));
        flooder.ExpectEcho();
        flooder.ExpectGoodbye();
        other.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening32_Ten_pings_get_ten_pongs_and_too_many_1008(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage, new() { ControlFramesPerSecond = 1, ControlFramesBurst = 20 });
        using (Peer peer = server.Open())
        {
            peer.Send([.. Enumerable.Range(0, 10).SelectMany(static i => Frame(Opcode.Ping, [(byte)i]))]);
            for (int i = 0; i < 10; i++)
            {
                (Opcode opcode, byte[] payload) = peer.ReadFrame();
                Assert.Equal((Opcode.Pong, i), (opcode, payload[0]));
            }
            peer.ExpectGoodbye();
            Assert.Equal(CloseCodes.Normal, server.Witness.ExpectEnd());
        }
        byte[] pings = [.. Enumerable.Range(0, 1000).SelectMany(static _ => Frame(Opcode.Ping, []))];
        byte[] pongs = [.. Enumerable.Range(0, 1000).SelectMany(static _ => Frame(Opcode.Pong, []))];
        await server.ExpectRefusalsAsync(("pings", pings, 1008), ("pongs that nobody asked for", pongs, 1008));
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening32_Of_pongs_that_are_not_taken_the_latest_waits(Carriage carriage)
    {
        const int LargeBytes = 8 << 20; // more than the kernel holds for a peer that takes nothing
        await using Server server = await Server.StartAsync(
            carriage,
            new() { UnsentBytesMax = 2 * LargeBytes, UnsentBytesHigh = 2 * LargeBytes, ControlFramesPerSecond = 0 },
            static loop => new Witness(loop) { Limits = new() { MessageBytesMax = LargeBytes } });
        using Peer peer = server.Open(receiveBufferBytes: 4096);
        peer.SendFrame(Opcode.Binary, new byte[LargeBytes]);
        for (int i = 1; i <= 100; i++)
        {
            peer.SendFrame(Opcode.Ping, [(byte)i]);
        }
        peer.SendFrame(Opcode.Text, "all pings came"u8);
        server.Witness.ExpectText("all pings came");
        Assert.Equal(LargeBytes, peer.ReadFrame().Payload.Length);
        (Opcode Opcode, byte[] Payload)[] rest = [peer.ReadFrame(), peer.ReadFrame()];
        Assert.Equal([100], rest.Single(static frame => frame.Opcode == Opcode.Pong).Payload);
        Assert.Equal("all pings came"u8, rest.Single(static frame => frame.Opcode == Opcode.Text).Payload);
        peer.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening51_Noise_throws_nothing_and_hurts_nobody_else(Carriage carriage)
    {
        // That nothing was thrown on the loop's thread the server looks at when it ends.
        await using Server server = await Server.StartAsync(carriage, null, static loop => new Witness(loop) { Deflate = new() });
        using Peer other = server.Open();
        for (int seed = 1; seed <= 100; seed++)
        {
            byte[] noise = Pattern(5000, (byte)seed);
            noise[0] = (byte)(seed % 2 == 0 ? 0xC2 : noise[0]); // half of them begin as a compressed message
            noise[1] = (byte)(seed % 2 == 0 ? 0xFE : noise[1]);
            using Peer peer = server.Open(Good + Deflate);
            peer.Send(noise);
            if (seed % 3 == 0)
            {
                peer.Reset();
            }
        }
        other.ExpectEcho();
        for (int seed = 1; seed <= 100; seed++)
        {
            Assert.True(server.Witness.ExpectEnd() > 0);
        }
        other.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening51_Requests_of_noise_throw_nothing_and_are_not_logged_as_they_are(Carriage carriage)
    {
        await using Server server = await Server.StartAsync(carriage);
        for (int seed = 1; seed <= 50; seed++)
        {
            using Peer peer = server.Connect();
            peer.Send(Encoding.Latin1.GetString(Pattern(2000, (byte)seed)) + "\r\n\r\n");
        }
        using Peer other = server.Open();
        other.ExpectEcho();
        other.ExpectGoodbye();
        await server.ExpectNothingLeftAsync();
        Assert.DoesNotContain(server.Log, static line => line.Any(static c => char.IsControl(c) && c is not ('\r' or '\n' or '\t')));
    }
}
