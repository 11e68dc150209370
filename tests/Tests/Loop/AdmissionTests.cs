using System.Net;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>Who gets in (HARDENING 3, 20, 49).</summary>
public sealed class AdmissionTests
{
    private static readonly UInt128 s_here = IPv4(192, 0, 2, 1);

    [Fact]
    public void Hardening49_Beyond_the_cap_for_all_a_peer_is_told_and_beyond_that_closed()
    {
        LoopRig rig = new(new EventLoopOptions { ConnectionsMax = 2, RefusalsMax = 1 });
        rig.Open();
        rig.Open();
        int told = rig.System.Accept();
        int closed = rig.System.Accept();
        rig.Loop.Turn();
        Assert.StartsWith("HTTP/1.1 503 ", rig.Head(told), StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: 5\r\n", rig.Head(told), StringComparison.Ordinal);
        Assert.Equal([told], rig.System.Finished);
        Assert.Equal([closed], rig.System.Closed);
        rig.Wait(1_100);
        Assert.Equal([closed, told], rig.System.Closed);
        Assert.Equal(2, rig.Loop.ConnectionCount);
    }

    [Fact]
    public void Hardening49_An_address_has_so_many_connections_and_others_have_theirs()
    {
        LoopRig rig = new(new EventLoopOptions { ConnectionsPerAddressMax = 2 });
        Assert.Equal(101, Ask(rig, s_here).Status);
        (int second, int status) = Ask(rig, s_here);
        Assert.Equal(101, status);
        (int third, status) = Ask(rig, s_here);
        Assert.Equal(429, status);
        Assert.Contains("\r\nRetry-After: 5\r\n", rig.Head(third), StringComparison.Ordinal);
        Assert.Equal([third], rig.System.Finished);
        Assert.Equal(101, Ask(rig, IPv4(192, 0, 2, 2)).Status);
        rig.System.End(second);
        rig.Settle();
        Assert.Equal(101, Ask(rig, s_here).Status);
    }

    [Fact]
    public void Hardening49_Of_IPv6_64_bits_are_an_address()
    {
        LoopRig rig = new(new EventLoopOptions { ConnectionsPerAddressMax = 1 });
        UInt128 network = (UInt128)0x2001_0DB8_0000_0001 << 64;
        Assert.Equal(101, Ask(rig, network | 1).Status);
        Assert.Equal(429, Ask(rig, network | 2).Status);
        Assert.Equal(101, Ask(rig, network + ((UInt128)1 << 64)).Status);
    }

    [Fact]
    public void Hardening49_A_trusted_proxy_has_any_number()
    {
        LoopRig rig = new(new EventLoopOptions
        {
            ConnectionsPerAddressMax = 1,
            HandshakesPerAddressMax = 1,
            HandshakesPerSecondPerAddress = 1,
            HandshakesBurstPerAddress = 1,
            TrustedProxies = [IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("2001:db8::/32")],
        });
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(101, Ask(rig, s_here).Status);
            Assert.Equal(101, Ask(rig, (UInt128)0x2001_0DB8_0000_0001 << 64).Status);
        }
        Assert.Equal(0, rig.Loop.Resources.Places);
        Ask(rig, IPv4(192, 0, 3, 1));
        Assert.Equal(429, Ask(rig, IPv4(192, 0, 3, 1)).Status);
    }

    [Fact]
    public void Hardening03_Sockets_before_the_end_of_their_handshake_are_counted_by_address()
    {
        LoopRig rig = new(new EventLoopOptions { HandshakesPerAddressMax = 2 });
        int first = rig.System.Accept(s_here);
        rig.System.Accept(s_here);
        int third = rig.System.Accept(s_here);
        int other = rig.System.Accept(IPv4(192, 0, 2, 2));
        rig.Loop.Turn();
        Assert.StartsWith("HTTP/1.1 429 ", rig.Head(third), StringComparison.Ordinal);
        Assert.Empty(rig.System.Taken[other]);
        rig.Receive(first, ScriptedSystem.Request(LoopRig.Recorder.At));
        Assert.Equal(101, Ask(rig, s_here).Status);
    }

    [Fact]
    public void Hardening20_Handshakes_of_an_address_have_a_rate()
    {
        LoopRig rig = new(new EventLoopOptions { HandshakesPerSecondPerAddress = 2, HandshakesBurstPerAddress = 5 });
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                (int socket, int status) = Ask(rig, s_here);
                Assert.Equal(101, status);
                rig.System.End(socket);
                rig.Settle();
            }
            Assert.Equal(429, Ask(rig, s_here).Status);
            Assert.Equal(101, Ask(rig, IPv4(192, 0, 2, (byte)(10 + round))).Status);
            rig.Wait(2_500);
        }
    }

    [Fact]
    public void Hardening49_A_place_is_given_back_however_a_connection_ends()
    {
        LoopRig rig = new(new EventLoopOptions { ConnectionsPerAddressMax = 100, HandshakesPerAddressMax = 100, HandshakeTimeoutMs = 1_000, ReleasesForeign = false });
        rig.System.End(Ask(rig, s_here).Socket);
        rig.System.Accept(s_here); // which says nothing
        rig.Loop.Turn();
        int malformed = rig.System.Accept(s_here);
        rig.Loop.Turn();
        rig.Receive(malformed, "\r\n\r\n"u8);
        (int closed, _) = Ask(rig, s_here);
        rig.Receive(closed, Hex.Frame(Opcode.Close, true, default));
        (int broken, _) = Ask(rig, s_here);
        rig.Receive(broken, [0x81, 0x00]);
        Assert.NotEqual(0, rig.Loop.Resources.Places);
        rig.Wait(10_000);
        Assert.Equal(default, rig.Loop.Resources);
    }

    private static (int Socket, int Status) Ask(LoopRig rig, UInt128 address)
    {
        int socket = rig.System.Accept(address);
        rig.Loop.Turn();
        rig.Receive(socket, ScriptedSystem.Request(LoopRig.Recorder.At));
        return (socket, int.Parse(rig.Head(socket).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private static UInt128 IPv4(byte a, byte b, byte c, byte d) => ((UInt128)0xFFFF << 32) | ((uint)a << 24) | ((uint)b << 16) | ((uint)c << 8) | d;
}
