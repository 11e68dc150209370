using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sluice.Loop;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Epoll;

public sealed class AcceptingTests
{
    private const int TcpLevel = 6;
    private const int TcpNotSentLowWater = 25;

    [Fact]
    public void RefusesATakenPortByName()
    {
        using ListeningSocket first = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), 16);
        SocketException refused = Assert.Throws<SocketException>(() => ListeningSocket.Bind(first.EndPoint, 16));
        Assert.Equal(SocketError.AddressAlreadyInUse, refused.SocketErrorCode);
    }

    [Fact]
    public void TakesThePortOfConnectionsThatJustClosed()
    {
        IPEndPoint endPoint;
        using (Rig rig = new())
        {
            endPoint = rig.Listener.EndPoint;
            (Socket peer, int socket) = rig.Open(1);
            rig.System.Close(socket); // we close first, so our side of the connection lingers in the kernel
            Assert.Equal(0, peer.Receive(new byte[1]));
        }
        using ListeningSocket again = ListeningSocket.Bind(endPoint, 16);
        Assert.Equal(endPoint, again.EndPoint);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    public void ListensOnBothFamilies(string listen, string connect)
    {
        using ListeningSocket listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Parse(listen), 0), 16);
        using EpollSystem system = new(_ => { }, listener);
        IPAddress address = IPAddress.Parse(connect);
        using Socket peer = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(new IPEndPoint(address, listener.EndPoint.Port));
        Assert.True(system.Next(system.Now + 10_000, out Completion completion));
        Assert.Equal(CompletionKind.Accepted, completion.Kind);
        Assert.Equal(address.MapToIPv6().GetAddressBytes(), Rig.BytesOf(completion));
        system.Close(completion.Socket);
    }

    [Fact]
    public void AcceptedSocketsDoNotDelayAndBoundWhatIsUnsent()
    {
        using Rig rig = new();
        rig.Connect();
        int number = rig.Expect(CompletionKind.Accepted).Socket;
        using Socket accepted = new(new SafeSocketHandle(number, ownsHandle: true));
        byte[] unsent = new byte[sizeof(int)];
        accepted.GetRawSocketOption(TcpLevel, TcpNotSentLowWater, unsent);
        Assert.True(accepted.NoDelay);
        Assert.Equal(ListeningSocket.UnsentBytesDefault, BitConverter.ToInt32(unsent));
    }

    [Fact]
    public void AnotherSystemAdoptsWhatOneAccepted()
    {
        using Rig rig = new();
        using EpollSystem other = new(_ => { });
        Socket peer = rig.Connect();
        int socket = rig.Expect(CompletionKind.Accepted).Socket;
        other.Adopt(socket, 9, peek: false);
        peer.Send("hello"u8);
        Assert.True(other.Next(other.Now + 10_000, out Completion completion));
        Assert.Equal((CompletionKind.Received, 9ul, socket), (completion.Kind, completion.Token, completion.Socket));
        rig.ExpectNothing();
    }

    [Fact]
    public void AcceptsAFewAtATimeWhileOthersHaveBytes()
    {
        using Rig rig = new();
        (Socket peer, _) = rig.Open(1);
        rig.ExpectNothing(); // so that the listening socket's turn is over
        for (int i = 0; i < 40; i++)
        {
            rig.Connect();
        }
        peer.Send("me too"u8);
        int accepted = 0;
        Completion completion;
        while (rig.System.Next(rig.System.Now + 10_000, out completion) && completion.Kind == CompletionKind.Accepted)
        {
            rig.System.Close(completion.Socket);
            accepted++;
        }
        Assert.Equal(CompletionKind.Received, completion.Kind);
        Assert.InRange(accepted, 0, 16);
        for (; accepted < 40; accepted++)
        {
            rig.System.Close(rig.Expect(CompletionKind.Accepted).Socket);
        }
        rig.ExpectNothing();
    }

    [Fact]
    public void StopsAcceptingForGood()
    {
        using Rig rig = new();
        (Socket peer, _) = rig.Open(1);
        rig.System.StopAccepting();
        Assert.Throws<SocketException>(() => rig.Connect());
        rig.System.ResumeAccepting();
        peer.Send("still here"u8);
        Assert.Equal("still here"u8, rig.ExpectBytes(CompletionKind.Received, 1));
    }

    [Fact]
    public void Hardening49_Accepting_pauses_when_descriptors_run_out_and_resumes_when_told()
    {
        using Rig rig = new();
        (Socket established, int itsSocket) = rig.Open(1);
        rig.Connect();
        using (DescriptorLimit.Exhausted())
        {
            rig.Expect(CompletionKind.AcceptFailed);
            rig.ExpectNothing();
            established.Send("never notices"u8);
            byte[] said = rig.ExpectBytes(CompletionKind.Received, 1);
            Assert.Equal(said.Length, rig.System.Send(itsSocket, said, 0, said.Length).Count);
            Assert.Equal("never notices"u8, Rig.ReadExactly(established, said.Length));
        }
        rig.ExpectNothing();
        rig.System.ResumeAccepting();
        int socket = rig.Expect(CompletionKind.Accepted).Socket;
        rig.System.Close(socket);
    }
}

/// <summary>The process may open no further descriptor until this is disposed.</summary>
internal sealed partial class DescriptorLimit : IDisposable
{
    private const int Descriptors = 7; // RLIMIT_NOFILE

    private readonly Limit _before;

    private DescriptorLimit(Limit before) => _before = before;

    internal static DescriptorLimit Exhausted()
    {
        Assert.Equal(0, GetLimit(Descriptors, out Limit before));
        Assert.Equal(0, SetLimit(Descriptors, new Limit { Soft = 0, Hard = before.Hard }));
        return new DescriptorLimit(before);
    }

    public void Dispose() => Assert.Equal(0, SetLimit(Descriptors, _before));

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
