using System.Net.WebSockets;
using System.Security.Cryptography;
using Sluice.Loop;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>An independent client, over every way to a loop.</summary>
public sealed class EchoTests
{
    public static readonly TheoryData<Route> Routes = [.. Enum.GetValues<Route>()];

    public static readonly TheoryData<Route> RoutesOverKestrel = [Route.Http1, Route.Http2, Route.Http1Tls, Route.Http2Tls];

    private static readonly CancellationTokenSource s_patience = new(TimeSpan.FromMinutes(5));

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task MessagesComeBackWholeAndInOrder(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using ClientWebSocket client = await rig.ConnectAsync();
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
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task MoreThanKestrelAllowsForABodyMayBeSent(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using ClientWebSocket client = await rig.ConnectAsync();
        byte[] message = RandomNumberGenerator.GetBytes(3 << 20);
        for (int i = 0; i < 12; i++)
        {
            Task sending = client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, s_patience.Token);
            Assert.Equal(message, await ReceiveAsync(client, message.Length));
            await sending;
        }
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task SilenceIsAllowed(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using ClientWebSocket client = await rig.ConnectAsync();
        await Task.Delay(2500, s_patience.Token); // longer than Kestrel's rates would allow
        await EchoAsync(client);
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task TheSubprotocolIsTheServersChoice(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using ClientWebSocket client = await rig.ConnectAsync("good", "best");
        Assert.Equal("best", client.SubProtocol);
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task TheLoopsEndClosesGuestsWithItsCode(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using ClientWebSocket client = await rig.ConnectAsync();
        await EchoAsync(client);
        Task<WebSocketReceiveResult> receiving = client.ReceiveAsync(new ArraySegment<byte>(new byte[10]), s_patience.Token);
        Task ending = rig.ShutDownLoopsAsync();
        await receiving;
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, client.CloseStatus);
        await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, s_patience.Token);
        await ending;
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task AClientThatVanishesLeavesNothing(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        using (ClientWebSocket client = await rig.ConnectAsync())
        {
            await EchoAsync(client);
            await client.SendAsync(new byte[1000], WebSocketMessageType.Binary, endOfMessage: false, s_patience.Token);
            client.Abort();
        }
        await rig.ExpectNothingLeftAsync();
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task AClientThatNeverReadsIsGivenUp(Route route)
    {
        EventLoopOptions impatient = new() { StallTimeoutMs = 200, CloseTimeoutMs = 200, LingerTimeoutMs = 200 };
        await using RoutedRig rig = await RoutedRig.StartAsync(route, impatient);
        using ClientWebSocket client = await rig.ConnectAsync();
        await EchoAsync(client);
        Task sending = SendForEverAsync(client);
        await rig.ExpectNothingLeftAsync();
        client.Abort(); // over HTTP/2 this client does not see by itself that its stream was reset
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    [Theory]
    [MemberData(nameof(RoutesOverKestrel))]
    public async Task TwoHundredComeAndGoAndNothingIsLeft(Route route)
    {
        await using RoutedRig rig = await RoutedRig.StartAsync(route);
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 40 }, async (number, _) =>
        {
            using ClientWebSocket client = await rig.ConnectAsync();
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
