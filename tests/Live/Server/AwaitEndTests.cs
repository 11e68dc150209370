using System.Buffers.Binary;
using System.Net.WebSockets;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>The await style when something ends before its time: a send that is cancelled, a message, a connection whose handler does not look.</summary>
public sealed class AwaitEndTests
{
    private const int MessageBytes = 16_000;
    private const int PartBytes = 32 * 1024;

    [Theory]
    [InlineData(100_000)]
    [InlineData(PartBytes)] // all of it is accepted, and its end is not
    public async Task AStreamCancelledWhileItsFirstPartWaitsClosesTheConnection(int streamBytes)
    {
        TaskCompletionSource<Exception?> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (socket, _) =>
        {
            await FallBehindAsync(socket);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WithinAsync(stop => socket.SendAsync(new MemoryStream(new byte[streamBytes]), stop).AsTask()));
            told.SetResult(await Record.ExceptionAsync(async () => await socket.SendAsync("x", CancellationToken.None)));
        }));
        using Peer peer = Connect(rig);
        Assert.IsType<OperationCanceledException>(await told.Task.WaitAsync(rig.Patience));
        (Opcode Opcode, byte[] Payload) frame = ReadPastMessages(peer);
        Assert.Equal((Opcode.Binary, PartBytes), (frame.Opcode, frame.Payload.Length)); // of the stream, and nothing of anybody else follows it
        frame = peer.ReadFrame();
        Assert.Equal((Opcode.Close, CloseCodes.InternalError), (frame.Opcode, BinaryPrimitives.ReadUInt16BigEndian(frame.Payload)));
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AStreamCancelledAfterItsLastPartWasAcceptedIsWhole()
    {
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (socket, cancellation) =>
        {
            await FallBehindAsync(socket);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WithinAsync(stop => socket.SendAsync(new MemoryStream(new byte[100]), stop).AsTask()));
            cancelled.SetResult();
            await socket.SendAsync("next", cancellation);
        }));
        using Peer peer = Connect(rig);
        await cancelled.Task.WaitAsync(rig.Patience);
        Assert.Equal(100, ReadPastMessages(peer).Payload.Length);
        Assert.Equal("next"u8, peer.ReadFrame().Payload);
        Assert.Equal(Opcode.Close, peer.ReadFrame().Opcode);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AHandlerThatOnlySendsEndsWithItsConnectionAndThatIsNoError()
    {
        TaskCompletionSource ended = new();
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (socket, _) =>
        {
            try
            {
                while (true)
                {
                    await socket.SendAsync("tick", CancellationToken.None);
                    await Task.Delay(1, CancellationToken.None);
                }
            }
            finally
            {
                ended.SetResult();
            }
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        Assert.Equal("tick", await rig.ReadAsync(client));
        client.Abort();
        await ended.Task.WaitAsync(rig.Patience);
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task WhoClosesMaySendNoMore()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, _) =>
        {
            socket.Close(4001);
            await socket.SendAsync("after", CancellationToken.None); // tells of the end before the client has answered
            throw new InvalidDataException("It was sent.");
        }));
        using Peer peer = Connect(rig);
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Close, 4001), (opcode, BinaryPrimitives.ReadUInt16BigEndian(payload)));
        peer.SendFrame(Opcode.Close, payload);
        peer.ExpectEnd();
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AMessageThatNeverEndsIsNotReadOn(bool isTooLong)
    {
        TaskCompletionSource<bool> ended = new();
        await using ServerRig rig = ServerRig.Start(
            server => server.MapAsync("/", async (socket, _) => ended.SetResult(
                await socket.ReadAsync(CancellationToken.None) is null
                && await socket.ReadStreamAsync(CancellationToken.None) is null
                && await socket.ReadAsync(CancellationToken.None) is null)),
            new() { Loops = 1, Limits = new WebSocketLimits { MessageBytesMax = 1000 } });
        ClientWebSocket client = await rig.ConnectAsync("/");
        await client.SendAsync(new byte[isTooLong ? 1001 : 999], WebSocketMessageType.Binary, endOfMessage: false, rig.Patience);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        Assert.True(await ended.Task.WaitAsync(rig.Patience));
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }

    private static Peer Connect(ServerRig rig)
    {
        Peer peer = new(rig.Server.EndPoint, receiveBufferBytes: 4096);
        peer.Send(Peer.UpgradeRequest("/"));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        return peer;
    }

    private static async Task FallBehindAsync(AsyncWebSocket socket)
    {
        try
        {
            while (true)
            {
                await WithinAsync(stop => socket.SendAsync(new byte[MessageBytes], cancellationToken: stop).AsTask());
            }
        }
        catch (OperationCanceledException)
        {
            // The client takes nothing more.
        }
    }

    private static async Task WithinAsync(Func<CancellationToken, Task> send)
    {
        using CancellationTokenSource impatience = new(300);
        await send(impatience.Token);
    }

    private static (Opcode Opcode, byte[] Payload) ReadPastMessages(Peer peer)
    {
        (Opcode Opcode, byte[] Payload) frame;
        do
        {
            frame = peer.ReadFrame();
        }
        while (frame.Payload.Length == MessageBytes);
        return frame;
    }
}
