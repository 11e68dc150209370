using System.Net.Sockets;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Epoll;

public sealed class SendingTests : IDisposable
{
    private const int ManyBytes = 8 << 20;

    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void TakesWhatFits()
    {
        (Socket peer, int socket) = _rig.Open(7);
        SendOutcome outcome = _rig.System.Send(socket, "-hello-"u8.ToArray(), 1, 5);
        Assert.Equal(new SendOutcome(SendStatus.Done, 5), outcome);
        Assert.Equal("hello"u8, Rig.ReadExactly(peer, 5));
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsOnceThatThereIsRoomAfterAShortSend()
    {
        (Socket peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] bytes = Rig.Pattern(ManyBytes, 1);
        SendOutcome outcome = _rig.System.Send(socket, bytes, 0, bytes.Length);
        Assert.Equal(SendStatus.Done, outcome.Status);
        Assert.InRange(outcome.Count, 1, bytes.Length - 1);
        _rig.ExpectNothing();

        byte[] taken = Rig.ReadExactly(peer, outcome.Count);
        Assert.True(taken.AsSpan().SequenceEqual(bytes.AsSpan(0, outcome.Count)));
        Assert.Equal(0, _rig.Expect(CompletionKind.Sent, 7).Count);
        _rig.ExpectNothing();
        Assert.Equal(new SendOutcome(SendStatus.Done, 5), _rig.System.Send(socket, "again"u8.ToArray(), 0, 5));
        Assert.Equal("again"u8, Rig.ReadExactly(peer, 5));
    }

    [Fact]
    public void KeepsLittleUnsentInTheKernel()
    {
        (Socket peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] bytes = Rig.Pattern(ManyBytes, 1);
        int taken = 0;
        for (int rounds = 0; rounds < 20; rounds++)
        {
            taken += _rig.System.Send(socket, bytes, taken, bytes.Length - taken).Count;
            if (!_rig.System.Next(_rig.System.Now + 20, out Completion completion))
            {
                break;
            }
            Assert.Equal(CompletionKind.Sent, completion.Kind);
        }
        Assert.InRange(taken, 1, 512 * 1024); // without the bound it is some megabytes
    }

    [Fact]
    public void ReadsWhileASendWaitsForRoom()
    {
        (Socket peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] bytes = Rig.Pattern(ManyBytes, 1);
        SendOutcome outcome = _rig.System.Send(socket, bytes, 0, bytes.Length);
        Assert.InRange(outcome.Count, 1, bytes.Length - 1);
        peer.Send("ping"u8);
        Assert.Equal("ping"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.ExpectNothing();
    }

    [Fact]
    public void AnswersThatThePeerIsGoneAndSaysNothingMore()
    {
        (Socket peer, int socket) = _rig.Open(7);
        Rig.Reset(peer);
        SendOutcome outcome = _rig.System.Send(socket, "anyone?"u8.ToArray(), 0, 7);
        Assert.Equal(SendStatus.Failed, outcome.Status);
        _rig.ExpectNothing();
        _rig.System.Close(socket);
    }

    [Fact]
    public void ShutsDownAfterWhatWasSentAndReadsOn()
    {
        (Socket peer, int socket) = _rig.Open(7);
        _rig.System.Send(socket, "bye"u8.ToArray(), 0, 3);
        _rig.System.ShutdownWrite(socket);
        Assert.Equal("bye"u8, Rig.ReadExactly(peer, 3));
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Send("bye too"u8);
        Assert.Equal("bye too"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void SaysNothingOfAClosedSocketThatWaitedForRoom()
    {
        (Socket peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] bytes = Rig.Pattern(ManyBytes, 1);
        _rig.System.Send(socket, bytes, 0, bytes.Length);
        _rig.System.Close(socket);
        Assert.NotEqual(0, peer.Receive(new byte[4096]));
        _rig.ExpectNothing();
    }
}
