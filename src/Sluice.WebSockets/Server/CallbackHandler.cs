namespace Sluice.WebSockets;

/// <summary>Takes a whole message, on its socket's loop; see <see cref="WebSocketHandler.Received"/>.</summary>
/// <param name="socket">From whom.</param>
/// <param name="message">Valid until the return.</param>
public delegate void MessageReceived(WebSocket socket, ReceivedMessage message);

internal sealed class CallbackHandler(MessageReceived received) : WebSocketHandler
{
    public override void Received(WebSocket socket, ReceivedMessage message) => received(socket, message);
}
