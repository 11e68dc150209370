using System.Net.Security;
using System.Net.Sockets;
using Sluice.Live.Epoll;
using Sluice.Loop;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Tls;

/// <summary>The contract of a system, kept over TLS.</summary>
public sealed class TlsSystemTests : IDisposable
{
    private const int ManyBytes = 8 << 20;

    private readonly TlsRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(16_384)]
    [InlineData(100_000)]
    [InlineData(ManyBytes)]
    public void WhatAPeerSendsIsReceived(int count)
    {
        (SslStream peer, int socket) = _rig.Open(7);
        Assert.True(_rig.System.IsSecure(socket));
        byte[] bytes = Rig.Pattern(count, 1);
        Task sending = Task.Run(() => peer.Write(bytes), TestContext.Current.CancellationToken);
        Assert.True(_rig.ExpectReceived(7, count).AsSpan().SequenceEqual(bytes));
        _rig.While(sending);
        _rig.ExpectNothing();
    }

    [Fact]
    public void WhatIsSentIsRead()
    {
        (SslStream peer, int socket) = _rig.Open(7);
        Assert.Equal(new SendOutcome(SendStatus.Done, 5), _rig.System.Send(socket, "-hello-"u8.ToArray(), 1, 5));
        Assert.Equal("hello"u8, _rig.Read(peer, 5));
        _rig.ExpectNothing();
    }

    [Fact]
    public void TellsOnceThatThereIsRoomAndLosesNothing()
    {
        (SslStream peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] bytes = Rig.Pattern(ManyBytes, 1);
        SendOutcome outcome = _rig.System.Send(socket, bytes, 0, bytes.Length);
        Assert.Equal(SendStatus.Done, outcome.Status);
        Assert.InRange(outcome.Count, 1, bytes.Length - 1);
        _rig.ExpectNothing();

        Task<byte[]> reading = Task.Run(() =>
        {
            byte[] read = new byte[bytes.Length];
            peer.ReadExactly(read);
            return read;
        }, TestContext.Current.CancellationToken);
        for (int sent = outcome.Count; sent < bytes.Length; sent += outcome.Count)
        {
            _rig.Expect(CompletionKind.Sent, 7);
            outcome = _rig.System.Send(socket, bytes, sent, bytes.Length - sent);
        }
        Assert.True(_rig.While(reading).AsSpan().SequenceEqual(bytes));
    }

    [Fact]
    public void ASendThatIsTakenWholeMayFillTheSocket()
    {
        (SslStream peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        byte[] piece = Rig.Pattern(32 << 10, 1);
        int pieces = 1;
        while (_rig.System.Send(socket, piece, 0, piece.Length) is { Status: SendStatus.Done } outcome)
        {
            Assert.Equal(piece.Length, outcome.Count);
            Assert.InRange(++pieces, 1, 1000);
        }
        _rig.ExpectNothing();
        byte[] read = _rig.Read(peer, pieces * piece.Length);
        Assert.True(read.AsSpan(^piece.Length).SequenceEqual(piece));
        _rig.Expect(CompletionKind.Sent, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void ReadsWhileASendWaitsForRoom()
    {
        (SslStream peer, int socket) = _rig.Open(7, receiveBufferBytes: 4096);
        Assert.InRange(_rig.System.Send(socket, new byte[ManyBytes], 0, ManyBytes).Count, 1, ManyBytes - 1);
        peer.Write("ping"u8);
        Assert.Equal("ping"u8, _rig.Expect(CompletionKind.Received, 7));
        _rig.ExpectNothing();
    }

    [Fact]
    public void NothingIsReadWhileDisarmed()
    {
        (SslStream peer, int socket) = _rig.Open(7);
        _rig.System.Disarm(socket);
        peer.Write("later"u8);
        _rig.ExpectNothing();
        _rig.System.Arm(socket);
        Assert.Equal("later"u8, _rig.Expect(CompletionKind.Received, 7));
    }

    [Fact]
    public void TheEndOfTlsIsTheEndBehindItsBytes()
    {
        (SslStream peer, int socket) = _rig.Open(7);
        peer.Write("bye"u8);
        _rig.While(peer.ShutdownAsync());
        Assert.Equal("bye"u8, _rig.ExpectReceived(7, 3));
        _rig.Expect(CompletionKind.Ended, 7);

        Assert.Equal(new SendOutcome(SendStatus.Done, 2), _rig.System.Send(socket, "so"u8.ToArray(), 0, 2));
        _rig.System.ShutdownWrite(socket);
        Assert.Equal("so"u8, _rig.Read(peer, 2));
        Assert.Equal(0, _rig.While(() => peer.Read(new byte[1])));
        peer.Dispose();
        _rig.ExpectNothing(); // the end was told
    }

    [Fact]
    public void AnEndWithoutAWordBetweenRecordsIsAnEnd()
    {
        (Socket peer, _) = OpenRaw(7);
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Ended, 7);
        _rig.ExpectNothing();
    }

    [Theory]
    [InlineData("\u0017\u0003\u0003\0\u0040half a record")]
    [InlineData("\u0017\u0003\u0003\0\u0005wrong")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    public void WhatIsNoRecordIsAFailure(string bytes)
    {
        (Socket peer, _) = OpenRaw(7);
        peer.Send(bytes.Select(static c => (byte)c).ToArray());
        peer.Shutdown(SocketShutdown.Send);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing(); // once
    }

    [Fact]
    public void AResetIsAFailure()
    {
        (Socket peer, _) = OpenRaw(7);
        Rig.Reset(peer);
        _rig.Expect(CompletionKind.Failed, 7);
        _rig.ExpectNothing();
    }

    [Fact]
    public void ShowsWhatArrivesAndConsumesNothing()
    {
        (SslStream peer, int socket) = _rig.Open(7, peek: true);
        peer.Write("GET "u8);
        Assert.Equal("GET "u8, _rig.Expect(CompletionKind.Peeked, 7));
        peer.Write("/"u8);
        Assert.Equal("GET /"u8, _rig.Expect(CompletionKind.Peeked, 7));
        _rig.ExpectNothing();
        _rig.System.Arm(socket);
        Assert.Equal("GET /"u8, _rig.Expect(CompletionKind.Received, 7));
        peer.Write("more"u8);
        Assert.Equal("more"u8, _rig.Expect(CompletionKind.Received, 7));
    }

    [Fact]
    public void WhatWasPeekedAtComesBeforeTheEnd()
    {
        (SslStream peer, int socket) = _rig.Open(7, peek: true);
        peer.Write("half a he"u8);
        Assert.Equal("half a he"u8, _rig.Expect(CompletionKind.Peeked, 7));
        _rig.System.Arm(socket);
        _rig.While(peer.ShutdownAsync());
        Assert.Equal("half a he"u8, _rig.Expect(CompletionKind.Received, 7));
        _rig.Expect(CompletionKind.Ended, 7);
    }

    [Fact]
    public async Task GivesAPeekedConnectionAwayWithAllItsBytes()
    {
        (SslStream peer, int socket) = _rig.Open(7, peek: true);
        peer.Write("GET / HTTP/1.1"u8);
        _rig.Expect(CompletionKind.Peeked, 7);
        _rig.System.Release(socket);
        (int released, TlsConnection? tls) = Assert.Single(_rig.Released);
        Assert.Equal(socket, released);

        using Socket elsewhere = new(new SafeSocketHandle(released, ownsHandle: true));
        await using NetworkStream records = new(elsewhere);
        await tls!.CarryAsync(records, records);
        peer.Write("more"u8);
        byte[] read = new byte[18];
        await tls.Stream.ReadExactlyAsync(read, TestContext.Current.CancellationToken);
        Assert.Equal("GET / HTTP/1.1more"u8, read);
        await tls.Stream.WriteAsync("200"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("200"u8, _rig.Read(peer, 3));
        tls.Dispose();
        _rig.ExpectNothing();
    }

    [Fact]
    public async Task OfAConnectionThatWasGivenAwayNothingIsTold()
    {
        (SslStream peer, int socket) = _rig.Open(7, peek: true);
        peer.Write("GET /"u8);
        await peer.ShutdownAsync(); // both are there when the system looks
        Assert.Equal("GET /"u8, _rig.Expect(CompletionKind.Peeked, 7));
        _rig.System.Release(socket);
        _rig.ExpectNothing();
        (int released, TlsConnection? tls) = Assert.Single(_rig.Released);
        using Socket elsewhere = new(new SafeSocketHandle(released, ownsHandle: true));
        await using NetworkStream records = new(elsewhere);
        await tls!.CarryAsync(records, records);
        using StreamReader reader = new(tls.Stream);
        Assert.Equal("GET /", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        tls.Dispose();
    }

    [Fact]
    public void WithoutTlsASocketIsServedAsItIs()
    {
        (Socket peer, int socket) = _rig.Connect(7);
        peer.Send("GET"u8);
        Assert.Equal("GET"u8, _rig.Expect(CompletionKind.Received, 7));
        Assert.False(_rig.System.IsSecure(socket));
        Assert.Equal(new SendOutcome(SendStatus.Done, 2), _rig.System.Send(socket, "ok"u8.ToArray(), 0, 2));
        Assert.Equal("ok"u8, Rig.ReadExactly(peer, 2));
    }

    [Fact]
    public void WhereTlsIsRequiredAnythingElseFails()
    {
        using TlsRig rig = new(isRequired: true);
        (Socket peer, _) = rig.Connect(7);
        peer.Send("GET"u8);
        rig.Expect(CompletionKind.Failed, 7);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnAnswerThatDoesNotWaitForTheRequestIsReadAllTheSame(bool isTls)
    {
        (Socket peer, int socket) = _rig.Connect(7, peek: true);
        _rig.System.Arm(socket);
        Assert.Equal(new SendOutcome(SendStatus.Done, 3), _rig.System.Send(socket, "503"u8.ToArray(), 0, 3));
        _rig.System.ShutdownWrite(socket);
        Stream stream = new NetworkStream(peer);
        if (isTls)
        {
            SslStream tls = _rig.Secure(stream);
            _rig.While(() => tls.AuthenticateAsClient("localhost"));
            stream = tls;
        }
        stream.Write("GET"u8);
        Assert.Equal("503"u8, _rig.Read(stream, 3));
        Assert.Equal(0, _rig.While(() => stream.Read(new byte[1])));
    }

    [Fact]
    public void OfTooManyHandshakesOneIsNotBegun()
    {
        using TlsRig rig = new(limits: new TlsLimits { HandshakesMax = 1 });
        (Socket first, int socket) = rig.Connect(1);
        first.Send([22]);
        rig.ExpectNothing();
        (Socket second, _) = rig.Connect(2);
        second.Send([22]);
        rig.Expect(CompletionKind.Failed, 2);
        rig.System.Close(socket);
        rig.Open(3);
    }

    private (Socket Peer, int Socket) OpenRaw(ulong token)
    {
        (Socket peer, int socket) = _rig.Connect(token);
        SslStream tls = _rig.Secure(new NetworkStream(peer));
        _rig.While(() => tls.AuthenticateAsClient("localhost"));
        return (peer, socket);
    }
}
