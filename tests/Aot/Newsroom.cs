using Sluice.WebSockets;

namespace Sluice.Aot;

/// <summary>Echoes, counts, and subscribes whoever comes.</summary>
internal sealed class Newsroom(Topic news) : WebSocketHandler<int>
{
    public override void Opened(WebSocket socket, ref int count, Admitted admitted) => news.Subscribe(socket);

    public override void Received(WebSocket socket, ref int count, ReceivedMessage message)
    {
        count++;
        socket.Send(message);
    }
}
