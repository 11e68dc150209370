using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>A server on a loopback port, and clients of another maker.</summary>
internal sealed class ServerRig : IAsyncDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(2));
    private readonly ConcurrentBag<ClientWebSocket> _clients = [];

    private readonly bool _isSecure;

    private ServerRig(WebSocketServer server, bool isSecure, ConcurrentQueue<Exception> errors)
    {
        Server = server;
        _isSecure = isSecure;
        Errors = errors;
    }

    internal WebSocketServer Server { get; }

    /// <summary>What was told to <see cref="WebSocketServerOptions.Error"/>.</summary>
    internal ConcurrentQueue<Exception> Errors { get; }

    internal CancellationToken Patience => _patience.Token;

    /// <summary>Starts a server on a free port.</summary>
    internal static ServerRig Start(Action<WebSocketServer> map, WebSocketServerOptions? options = null)
    {
        ConcurrentQueue<Exception> errors = new();
        WebSocketServer server = new((options ?? new WebSocketServerOptions { Loops = 2 }) with
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Error = errors.Enqueue,
        });
        map(server);
        server.Start();
        return new ServerRig(server, options?.Certificate is not null, errors);
    }

    internal async Task<ClientWebSocket> ConnectAsync(string path, Action<ClientWebSocketOptions>? configure = null)
    {
        ClientWebSocket client = new();
        _clients.Add(client);
        configure?.Invoke(client.Options);
        await client.ConnectAsync(new Uri($"{(_isSecure ? "wss" : "ws")}://{Server.EndPoint}{path}"), Patience);
        return client;
    }

    internal async Task<int> StatusOfAsync(string path)
    {
        using ClientWebSocket client = new();
        client.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(new Uri($"ws://{Server.EndPoint}{path}"), Patience));
        return (int)client.HttpStatusCode;
    }

    internal Task SendAsync(ClientWebSocket client, string text) =>
        client.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Patience);

    /// <summary>Reads the next message; null when the server closes.</summary>
    internal async Task<byte[]?> ReadBytesAsync(ClientWebSocket client)
    {
        using MemoryStream message = new();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            WebSocketReceiveResult result = await client.ReceiveAsync(buffer, Patience);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }
            message.Write(buffer, 0, result.Count);
            if (result.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }

    internal async Task<string?> ReadAsync(ClientWebSocket client) =>
        await ReadBytesAsync(client) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>Waits for something that another thread brings about.</summary>
    internal async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(5, Patience);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ClientWebSocket client in _clients)
        {
            client.Dispose();
        }
        await Server.StopAsync(Patience);
        _patience.Dispose();
    }
}
