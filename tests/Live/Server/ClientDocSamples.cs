using Sluice.WebSockets;

namespace Sluice.Live.Server;

/// <summary>The code of docs/client.md: every block there is found here, indentation aside.</summary>
internal static class ClientDocSamples
{
    internal static async Task ReadAsync()
    {
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(new Uri("wss://example.com/feed"));
        await socket.SendAsync("hello");
        await foreach (WebSocketMessage message in socket.ReadAllAsync())
        {
            Console.WriteLine(message.IsText ? message.Text : $"{message.Bytes.Length} bytes");
            if (message.IsText && message.Text == "bye")
            {
                await socket.CloseAsync();
            }
        }
        Console.WriteLine($"closed: {socket.CloseCode} {socket.CloseReason}");
    }

    internal static async Task StayConnectedAsync()
    {
        await using ReconnectingWebSocket socket = new(new Uri("wss://example.com/feed"), new ReconnectingWebSocketOptions
        {
            OnOpen = (connection, cancel) => connection.SendAsync("subscribe quotes", cancel).AsTask(),
        });
        socket.StateChanged += state => Console.WriteLine($"{state.Status} {state.Cause?.Message}");
        await foreach (WebSocketMessage message in socket.ReadAllAsync())
        {
            Console.WriteLine(message.Text);
        }
    }

    internal static async Task AskAsync()
    {
        await using WebSocketPool pool = new(new Uri("wss://quotes.example/rpc"));
        await using PooledWebSocket rented = await pool.RentAsync();
        await rented.Socket.SendAsync("EURUSD?");
        Console.WriteLine((await rented.Socket.ReadAsync())?.Text);
    }
}
