using System.Net.Sockets;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Epoll;

public sealed class PeekingTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void ShowsAllThatWaitsAtEachArrivalAndConsumesNothing()
    {
        (Socket peer, int socket) = _rig.Open(7, peek: true);
        peer.Send("GET "u8);
        Assert.Equal("GET "u8, _rig.ExpectBytes(CompletionKind.Peeked, 7));
        _rig.ExpectNothing();
        peer.Send("/"u8);
        Assert.Equal("GET /"u8, _rig.ExpectBytes(CompletionKind.Peeked, 7));
        _rig.System.Arm(socket);
        Assert.Equal("GET /"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.ExpectNothing();
    }

    [Fact]
    public void GivesAPeekedSocketAwayWithAllItsBytes()
    {
        (Socket peer, int socket) = _rig.Open(7, peek: true);
        peer.Send("GET / HTTP/1.1"u8);
        _rig.Expect(CompletionKind.Peeked, 7);
        _rig.System.Release(socket);
        Assert.Equal([socket], _rig.Released);
        using Socket elsewhere = new(new SafeSocketHandle(socket, ownsHandle: true)) { Blocking = true };
        Assert.Equal("GET / HTTP/1.1"u8, Rig.ReadExactly(elsewhere, 14));
        peer.Send("more"u8);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsTheEndBehindWhatWasPeekedAt()
    {
        (Socket peer, _) = _rig.Open(7, peek: true);
        peer.Send("half a he"u8);
        peer.Shutdown(SocketShutdown.Send);
        Completion completion;
        do
        {
            Assert.True(_rig.System.Next(_rig.System.Now + 10_000, out completion));
        }
        while (completion.Kind == CompletionKind.Peeked && Rig.BytesOf(completion).AsSpan().SequenceEqual("half a he"u8));
        Assert.Equal((CompletionKind.Ended, 7ul), (completion.Kind, completion.Token));
        _rig.ExpectNothing();
    }

    [Fact]
    public void DeliversThePeekedBytesBeforeTheEnd()
    {
        (Socket peer, int socket) = _rig.Open(7, peek: true);
        peer.Send("whole"u8);
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Peeked, 7);
        _rig.System.Arm(socket);
        Assert.Equal("whole"u8, _rig.ExpectBytes(CompletionKind.Received, 7));
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsAnEndWithoutAnyByte()
    {
        (Socket peer, _) = _rig.Open(7, peek: true);
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsAReset()
    {
        (Socket peer, _) = _rig.Open(7, peek: true);
        peer.Send("GET"u8);
        Assert.Equal("GET"u8, _rig.ExpectBytes(CompletionKind.Peeked, 7));
        Rig.Reset(peer);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing();
    }
}
