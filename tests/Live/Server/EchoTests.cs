using System.Net.WebSockets;
using System.Security.Cryptography;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>Each style in its smallest form, with an independent client.</summary>
public sealed class EchoTests
{
    private static readonly WebSocketServerOptions s_options = new()
    {
        Loops = 2,
        Limits = new WebSocketLimits { MessageBytesMax = 4 << 20 },
        Deflate = new DeflateOptions(),
    };

    [Theory]
    [InlineData("/callback", false)]
    [InlineData("/callback", true)]
    [InlineData("/await", false)]
    [InlineData("/await", true)]
    [InlineData("/parts", false)]
    [InlineData("/stream", true)]
    public async Task MessagesComeBackWholeAndInOrder(string path, bool deflate)
    {
        await using ServerRig rig = ServerRig.Start(Map, s_options);
        ClientWebSocket client = await rig.ConnectAsync(path, options => options.DangerousDeflateOptions = deflate ? new() : null);
        foreach (int length in (int[])[0, 1, 125, 126, 65_535, 65_536, 100_000, 3_000_000, 5])
        {
            byte[] message = RandomNumberGenerator.GetBytes(length);
            message.AsSpan(length / 2).Clear(); // so that half of it can be compressed
            Task sending = client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, rig.Patience);
            Assert.Equal(message, await rig.ReadBytesAsync(client));
            await sending;
        }
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", rig.Patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.Empty(rig.Errors);
    }

    [Theory]
    [InlineData("/callback")]
    [InlineData("/await")]
    [InlineData("/parts")]
    public async Task TextComesBackAsText(string path)
    {
        await using ServerRig rig = ServerRig.Start(Map, s_options);
        ClientWebSocket client = await rig.ConnectAsync(path);
        await rig.SendAsync(client, "grüße, 世界");
        WebSocketReceiveResult result = await client.ReceiveAsync(new byte[64], rig.Patience);
        Assert.Equal((WebSocketMessageType.Text, 15), (result.MessageType, result.Count));
    }

    private static void Map(WebSocketServer server)
    {
        server.Map("/callback", static (socket, message) => socket.Send(message));
        server.Map("/parts", new PartsEcho());
        server.MapAsync("/await", static async (socket, cancellation) =>
        {
            await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
            {
                await socket.SendAsync(message, cancellation);
            }
        });
        server.MapAsync("/stream", static async (socket, cancellation) =>
        {
            while (await socket.ReadStreamAsync(cancellation) is { } message)
            {
                await socket.SendAsync(message, cancellation);
            }
        });
    }

    /// <summary>Sends each part back as it arrives. A refused part of an echo cannot be offered again later, so nothing is read meanwhile.</summary>
    private sealed class PartsEcho : WebSocketHandler
    {
        public override bool TakesParts => true;

        public override void ReceivedPart(WebSockets.WebSocket socket, Opcode opcode, ReadOnlySpan<byte> part, bool last)
        {
            Assert.NotEqual(Loop.SendResult.Refused, socket.SendPart(part, last, opcode));
            if (socket.IsBlocked)
            {
                socket.Hold();
            }
        }

        public override void Drained(WebSockets.WebSocket socket) => socket.Resume();
    }
}
