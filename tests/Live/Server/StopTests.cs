using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>How a server stops.</summary>
public sealed class StopTests
{
    [Theory]
    [InlineData("/callback")]
    [InlineData("/await")]
    public async Task UnderLoadEveryClientIsClosedWith1001(string path)
    {
        const int Clients = 50;
        int returned = 0;
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                server.Map("/callback", static (socket, message) => socket.Send(message));
                server.MapAsync("/await", async (socket, cancellation) =>
                {
                    try
                    {
                        await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
                        {
                            await socket.SendAsync(message, cancellation);
                        }
                    }
                    finally
                    {
                        Interlocked.Increment(ref returned);
                    }
                });
            },
            new() { Loops = 3 });
        int echoes = 0;
        Task<WebSocketCloseStatus?>[] clients = new Task<WebSocketCloseStatus?>[Clients];
        for (int i = 0; i < Clients; i++)
        {
            ClientWebSocket client = await rig.ConnectAsync(path);
            clients[i] = Task.Run(async () =>
            {
                try
                {
                    do
                    {
                        await rig.SendAsync(client, "around and around");
                        Interlocked.Increment(ref echoes);
                    }
                    while (await rig.ReadAsync(client) is not null);
                    await client.CloseOutputAsync(client.CloseStatus!.Value, null, rig.Patience);
                }
                catch (WebSocketException) when (client.CloseStatus is not null)
                {
                    // the server had ended before the answer to its close
                }
                return client.CloseStatus;
            });
        }
        await rig.UntilAsync(() => echoes > 10 * Clients);
        await rig.Server.StopAsync(rig.Patience);
        Assert.All(await Task.WhenAll(clients), static status => Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, status));
        Assert.Equal(path == "/await" ? Clients : 0, returned);
        Assert.Empty(rig.Errors);
        await rig.Server.StopAsync(rig.Patience); // twice is once
        await Assert.ThrowsAnyAsync<Exception>(() => rig.ConnectAsync(path));
    }

    [Fact]
    public async Task AClientThatDoesNotReadIsCutOffInTheEnd()
    {
        int code = 0;
        Deaf deaf = new(closed => code = closed);
        await using ServerRig rig = ServerRig.Start(server => server.Map("/", deaf), new() { Loops = 2, StopTimeoutMs = 1 });
        using Peer peer = new(rig.Server.EndPoint, receiveBufferBytes: 4096);
        peer.Upgrade("/");
        peer.SendFrame(Opcode.Text, "go"u8);
        await rig.UntilAsync(() => deaf.IsBehind);
        await rig.Server.StopAsync(rig.Patience);
        Assert.NotEqual(0, code); // it was told before it ended
    }

    [Fact]
    public async Task ACancelledStopStopsAllTheSame()
    {
        TaskCompletionSource never = new();
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", (_, _) => never.Task), new() { Loops = 2 });
        await rig.ConnectAsync("/");
        using CancellationTokenSource impatience = new();
        Task stopping = rig.Server.StopAsync(impatience.Token);
        await impatience.CancelAsync();
        await stopping.WaitAsync(rig.Patience); // though a handler has not returned
        using Socket late = new(SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(async () => await late.ConnectAsync(rig.Server.EndPoint, rig.Patience));
        never.SetResult();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARunEndsWhenItIsToldToOrTheServerStops(bool isCancelled)
    {
        await using WebSocketServer server = new(new() { EndPoint = new(IPAddress.Loopback, 0), Loops = 2 });
        server.Map("/", static (socket, message) => socket.Send(message));
        using CancellationTokenSource enough = new();
        Task running = server.RunAsync(enough.Token);
        using Peer peer = new(server.EndPoint);
        peer.Upgrade("/");
        Assert.False(running.IsCompleted);
        Task stopped = isCancelled ? enough.CancelAsync() : server.StopAsync(CancellationToken.None);
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Close, CloseCodes.GoingAway), (opcode, BinaryPrimitives.ReadUInt16BigEndian(payload)));
        peer.SendFrame(Opcode.Close, payload);
        await running;
        await stopped;
        peer.ExpectEnd();
    }

    [Fact]
    public async Task AServerThatWasNotStartedStops()
    {
        WebSocketServer server = new();
        await server.StopAsync(CancellationToken.None);
        Assert.Throws<InvalidOperationException>(() => server.EndPoint);
        Assert.Throws<InvalidOperationException>(server.Start);
    }

    /// <summary>Sends more than any client would take.</summary>
    private sealed class Deaf(Action<ushort> closed) : WebSocketHandler
    {
        private volatile bool _isBehind;

        internal bool IsBehind => _isBehind;

        public override void Received(WebSockets.WebSocket socket, ReceivedMessage message)
        {
            socket.Send(new byte[2 << 20]);
            _isBehind = true;
        }

        public override void Closed(WebSockets.WebSocket socket, ushort code) => closed(code);
    }
}
