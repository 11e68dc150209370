using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>An independent client against guests, over HTTP/1.1 and over HTTP/2 (RFC 8441).</summary>
public sealed class EchoTests
{
    private static readonly CancellationTokenSource s_patience = new(TimeSpan.FromMinutes(5));

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task MessagesComeBackWholeAndInOrder(bool isShared, bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared);
        using ClientWebSocket client = await ConnectAsync(rig, http2);
        foreach (int length in (int[])[0, 1, 125, 126, 65_535, 65_536, 100_000, 3_000_000, 5])
        {
            byte[] message = RandomNumberGenerator.GetBytes(length);
            Task sending = client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
            Assert.Equal(message, await ReceiveAsync(client, length));
            await sending;
        }
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", s_patience.Token);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await rig.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MoreThanKestrelAllowsForABodyMayBeSent(bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using ClientWebSocket client = await ConnectAsync(rig, http2);
        byte[] message = RandomNumberGenerator.GetBytes(3 << 20);
        for (int i = 0; i < 12; i++)
        {
            Task sending = client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
            Assert.Equal(message, await ReceiveAsync(client, message.Length));
            await sending;
        }
    }

    [Fact]
    public async Task SilenceIsAllowed()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using ClientWebSocket one = await ConnectAsync(rig, http2: false);
        using ClientWebSocket two = await ConnectAsync(rig, http2: true);
        await Task.Delay(2500, s_patience.Token); // longer than Kestrel's rates would allow
        await EchoAsync(one);
        await EchoAsync(two);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheSubprotocolIsTheServersChoice(bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: true);
        using ClientWebSocket client = await ConnectAsync(rig, http2, "good", "best");
        Assert.Equal("best", client.SubProtocol);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheLoopsEndClosesGuestsWithItsCode(bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using ClientWebSocket client = await ConnectAsync(rig, http2);
        await EchoAsync(client);
        Task<WebSocketReceiveResult> receiving = client.ReceiveAsync(new ArraySegment<byte>(new byte[10]), s_patience.Token);
        Task ending = Task.Run(rig.ShutDownLoops, s_patience.Token);
        await receiving;
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, s_patience.Token);
        await ending;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientThatVanishesLeavesNothing(bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using (ClientWebSocket client = await ConnectAsync(rig, http2))
        {
            await EchoAsync(client);
            await client.SendAsync(new byte[1000], WebSocketMessageType.Binary, endOfMessage: false, s_patience.Token);
            client.Abort();
        }
        await rig.ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientThatNeverReadsIsGivenUp(bool http2)
    {
        EventLoopOptions impatient = new() { StallTimeoutMs = 200, CloseTimeoutMs = 200, LingerTimeoutMs = 200 };
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false, impatient);
        using ClientWebSocket client = await ConnectAsync(rig, http2);
        await EchoAsync(client);
        Task sending = SendForEverAsync(client);
        await rig.ExpectNothingLeftAsync();
        client.Abort(); // over HTTP/2 this client does not see by itself that its stream was reset
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TwoHundredComeAndGoAndNothingIsLeft(bool http2)
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false);
        using SocketsHttpHandler handler = new() { EnableMultipleHttp2Connections = true };
        using HttpMessageInvoker invoker = new(handler);
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 40 }, async (number, _) =>
        {
            using ClientWebSocket client = await ConnectAsync(rig, http2, invoker);
            byte[] message = RandomNumberGenerator.GetBytes(number * 100);
            await client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
            Assert.Equal(message, await ReceiveAsync(client, message.Length));
            switch (number % 3)
            {
                case 0:
                    await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, s_patience.Token);
                    break;
                case 1:
                    await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, s_patience.Token);
                    break;
                default:
                    client.Abort();
                    break;
            }
        });
        await rig.ExpectNothingLeftAsync();
    }

    private static async Task<ClientWebSocket> ConnectAsync(KestrelRig rig, bool http2, params string[] protocols)
    {
        using HttpMessageInvoker invoker = new(new SocketsHttpHandler(), disposeHandler: false);
        return await ConnectAsync(rig, http2, invoker, protocols);
    }

    private static async Task<ClientWebSocket> ConnectAsync(KestrelRig rig, bool http2, HttpMessageInvoker invoker, params string[] protocols)
    {
        ClientWebSocket client = new();
        client.Options.HttpVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Array.ForEach(protocols, client.Options.AddSubProtocol);
        await client.ConnectAsync(new Uri($"ws://{(http2 ? rig.Http2 : rig.Http1)}{KestrelRig.EchoPath}"), invoker, s_patience.Token);
        return client;
    }

    // So that a loop surely has it.
    private static async Task EchoAsync(ClientWebSocket client)
    {
        await client.SendAsync(new byte[1], WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
        await ReceiveAsync(client, 1);
    }

    private static async Task SendForEverAsync(ClientWebSocket client)
    {
        while (true)
        {
            await client.SendAsync(new byte[1 << 20], WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
        }
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket client, int length)
    {
        byte[] message = new byte[length + 1];
        int received = 0;
        ValueWebSocketReceiveResult result;
        do
        {
            result = await client.ReceiveAsync(message.AsMemory(received), s_patience.Token);
            received += result.Count;
        }
        while (!result.EndOfMessage);
        return message[..received];
    }
}
