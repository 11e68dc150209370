using System.Net.Sockets;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Epoll;

public sealed class ReadingTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void DeliversBytesBehindAHeadroomThatMayBeWritten()
    {
        (Socket peer, int socket) = _rig.Open(7);
        peer.Send("hello"u8);
        Completion completion = _rig.Expect(CompletionKind.Received, 7);
        completion.Buffer.AsSpan(completion.Offset - ISystem.HeadroomBytes, ISystem.HeadroomBytes).Fill(0xFF);
        Assert.Equal(socket, completion.Socket);
        Assert.Equal("hello"u8, Rig.BytesOf(completion));
    }

    [Fact]
    public void DeliversBytesThatCameBeforeTheAdoption()
    {
        Socket peer = _rig.Connect();
        peer.Send("early"u8);
        int socket = _rig.Expect(CompletionKind.Accepted).Socket;
        _rig.System.Adopt(socket, 7, peek: false);
        Assert.Equal("early"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
    }

    [Fact]
    public void DeliversBytesAndTheEndThatCameTogether()
    {
        (Socket peer, int socket) = _rig.Open(7);
        _rig.System.Disarm(socket);
        peer.Send("last words"u8);
        peer.Shutdown(SocketShutdown.Send);
        _rig.ExpectNothing();
        _rig.System.Arm(socket);
        Assert.Equal("last words"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsTheEndOnce()
    {
        (Socket peer, int socket) = _rig.Open(7);
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.System.ShutdownWrite(socket); // now both directions are shut, which the kernel reports anew
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsAResetOnce()
    {
        (Socket peer, _) = _rig.Open(7);
        Rig.Reset(peer);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsAResetAfterTheEnd()
    {
        (Socket peer, _) = _rig.Open(7);
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Ended, 7);
        Rig.Reset(peer);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void DeliversWhatArrivedBeforeAReset()
    {
        (Socket peer, int socket) = _rig.Open(7);
        peer.Send("gone"u8);
        Rig.Reset(peer);
        Assert.Equal("gone"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.System.Close(socket);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsAResetWhileDisarmed()
    {
        (Socket peer, int socket) = _rig.Open(7);
        _rig.System.Disarm(socket);
        peer.Send("unread"u8);
        Rig.Reset(peer);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void LeavesBytesInTheKernelWhileDisarmed()
    {
        (Socket peer, int socket) = _rig.Open(7);
        _rig.System.Disarm(socket);
        peer.Send("wait"u8);
        _rig.ExpectNothing();
        peer.Send(" for it"u8);
        _rig.ExpectNothing();
        _rig.System.Arm(socket);
        Assert.Equal("wait for it"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.ExpectNothing();
    }

    [Fact]
    public void ServesTwoFullSocketsInTurn()
    {
        byte[] bytes = Rig.Pattern(200 * 1024, 3);
        int firstSocket = OpenWithWaiting(bytes, 1);
        int secondSocket = OpenWithWaiting(bytes, 2);
        _rig.System.Arm(firstSocket);
        _rig.System.Arm(secondSocket);
        Dictionary<ulong, List<byte>> received = new() { [1] = [], [2] = [] };
        List<ulong> turns = [];
        while (received[1].Count + received[2].Count < 2 * bytes.Length)
        {
            Assert.True(_rig.System.Next(_rig.System.Now + 10_000, out Completion completion));
            turns.Add(completion.Token);
            received[completion.Token].AddRange(Rig.BytesOf(completion));
        }
        Assert.Equal([1, 2, 1, 2, 1, 2, 1, 2], turns);
        Assert.Equal(bytes, received[1]);
        Assert.Equal(bytes, received[2]);
    }

    [Fact]
    public void DeliversNothingOfASocketThatWasClosedInTheSameBatch()
    {
        (Socket first, int firstSocket) = _rig.Open(1);
        (Socket second, int secondSocket) = _rig.Open(2);
        _rig.ExpectNothing(); // so that the listening socket's turn is over
        first.Send("a"u8);
        second.Send("b"u8);
        second.Shutdown(SocketShutdown.Send);
        Socket third = _rig.Connect();
        _rig.Expect(CompletionKind.Received, 1); // and the other two events are noted
        _rig.System.Close(firstSocket);
        _rig.System.Close(secondSocket);
        int thirdSocket = _rig.Expect(CompletionKind.Accepted).Socket;
        Assert.Contains(thirdSocket, new[] { firstSocket, secondSocket });
        _rig.System.Adopt(thirdSocket, 3, peek: true);
        _rig.ExpectNothing();
        third.Send("c"u8);
        Assert.Equal("c"u8, _rig.ExpectBytes(CompletionKind.Peeked, 3));
        _rig.ExpectNothing();
    }

    [Fact]
    public void ServesEachOfManyReadySocketsOnce()
    {
        const int Many = 600; // more than a wait brings and the ring holds at first; with the peers' more than a page of numbers
        List<int> sockets = [];
        for (ulong token = 1; token <= Many; token++)
        {
            (Socket peer, int socket) = _rig.Open(token);
            _rig.System.Disarm(socket);
            peer.Send("x"u8);
            sockets.Add(socket);
        }
        _rig.ExpectNothing();
        sockets.ForEach(_rig.System.Arm);
        for (ulong token = 1; token <= Many; token++)
        {
            Assert.Equal("x"u8, _rig.ExpectBytes(CompletionKind.Received, token));
        }
        _rig.ExpectNothing();
    }

    /// <summary>A disarmed socket in whose receive buffer all of the bytes lie.</summary>
    private int OpenWithWaiting(byte[] bytes, ulong token)
    {
        (Socket peer, int socket) = _rig.Open(token);
        _rig.System.Disarm(socket);
        using Socket view = new(new SafeSocketHandle(socket, ownsHandle: false)) { ReceiveBufferSize = 4 * bytes.Length };
        peer.SendBufferSize = 4 * bytes.Length;
        peer.Send(bytes);
        Assert.True(SpinWait.SpinUntil(() => view.Available == bytes.Length, 10_000));
        return socket;
    }
}
