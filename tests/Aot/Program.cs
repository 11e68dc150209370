// A server and a client in one native program: each style echoes a message to each kind of client, and a topic's reaches both.
using System.Net;
using Sluice.Aot;
using Sluice.Protocol;
using Sluice.WebSockets;

await using WebSocketServer server = new(new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Loops = 2, Deflate = new DeflateOptions() });
Topic news = new(server);
server.Map("/callback", static (socket, message) => socket.Send(message));
server.Map("/handler", new Newsroom(news));
server.MapAsync("/await", async (socket, cancellation) =>
{
    news.Subscribe(socket);
    await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
    {
        await socket.SendAsync(message, cancellation);
    }
});
server.Start();

string text = string.Concat(Enumerable.Repeat("a text that can be compressed; ", 100));
foreach (DeflateOffer? deflate in (DeflateOffer?[])[null, new DeflateOffer()])
{
    foreach (string path in (string[])["/callback", "/handler", "/await"])
    {
        await using WebSocketClient client = await WebSocketClient.ConnectAsync(
            new Uri($"ws://{server.EndPoint}{path}"), new WebSocketClientOptions { Deflate = deflate });
        await client.SendAsync(text);
        await ExpectAsync(client, text);
        if (path != "/callback")
        {
            Require(news.Publish(text), "a publication is accepted");
            await ExpectAsync(client, text);
        }
        await client.CloseAsync();
        Require(client.CloseCode == CloseCodes.Normal, "the server answers a close");
    }
}
await server.StopAsync();
Console.WriteLine("ok");

static async Task ExpectAsync(WebSocketClient client, string text) =>
    Require((await client.ReadAsync())?.Text == text, "what was sent comes back");

static void Require(bool condition, string rule)
{
    if (!condition)
    {
        throw new InvalidOperationException(rule);
    }
}
