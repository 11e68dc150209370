using System.Net;
using System.Text;
using Sluice.Protocol;
using Sluice.WebSockets;

namespace Sluice.Live.Client.Peers;

/// <summary>Our own server.</summary>
internal sealed class SluicePeer : IPeer
{
    private readonly WebSocketServer _plain = Start(null);
    private readonly WebSocketServer _deflating = Start(new DeflateOptions { MessageBytesMin = 0, MessageBytesMax = 64 << 20 });

    public Uri Plain => new($"ws://{_plain.EndPoint}");

    public Uri Deflating => new($"ws://{_deflating.EndPoint}");

    public async ValueTask DisposeAsync()
    {
        await _plain.DisposeAsync();
        await _deflating.DisposeAsync();
    }

    private static WebSocketServer Start(DeflateOptions? deflate)
    {
        WebSocketServer server = new(new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Loops = 1,
            Deflate = deflate,
            Judge = static (in HandshakeRequest request, out object? claims) =>
            {
                claims = Encoding.ASCII.GetString(request.Query);
                return HandshakeVerdict.Accept;
            },
        });
        server.MapAsync("/echo", EchoAsync);
        server.MapAsync("/close", static async (socket, stop) =>
        {
            await socket.ReadAsync(stop);
            socket.Close(4001, "enough");
        });
        server.MapAsync("/push", static async (socket, stop) =>
        {
            await socket.SendAsync(IPeer.PatternOf(int.Parse((string)socket.Admitted.Claims!, null)), cancellationToken: stop);
            await socket.ReadAsync(stop);
        });
        server.Start();
        return server;
    }

    // As a stream, since the messages are larger than what a server takes whole.
    private static async Task EchoAsync(AsyncWebSocket socket, CancellationToken stop)
    {
        while (await socket.ReadStreamAsync(stop) is WebSocketMessageStream message)
        {
            await (message.IsText ? socket.SendTextAsync(message, stop) : socket.SendAsync(message, stop));
        }
    }
}
