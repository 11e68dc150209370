using System.Text;
using System.Text.Json;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Sessions of the native wire (JSON), each with one subscription, that then do nothing but answer pings.</summary>
/// <remarks>The demo's channels tell every subscriber of each that joins, which in one channel of 16,000 would be 128
/// million messages: hence rooms.</remarks>
internal sealed class SessionLoad(Swarm swarm) : Load(swarm)
{
    internal const string Path = "/connection/websocket";

    private const int ClientsPerRoom = 100;

    private int _started;
    private int _repliesDue;

    internal override void Open(int count)
    {
        Swarm.Open(count);
        Swarm.Pump(() => _repliesDue == 0);
    }

    internal override void OnOpened(Client client)
    {
        string commands = $$$"""
            {"id":1,"connect":{}}
            {"id":2,"subscribe":{"channel":"chat:bench-{{{_started++ / ClientsPerRoom}}}"}}
            """;
        Swarm.Write(Opcode.Text, Encoding.UTF8.GetBytes(commands));
        Swarm.Flush(client);
        _repliesDue += 2;
    }

    internal override void OnEvent(Client client, in WebSocketEvent e)
    {
        if (e.Kind != WebSocketEventKind.Data)
        {
            return;
        }
        if (!e.Last)
        {
            client.Partial = [.. client.Partial, .. e.Payload];
            return;
        }
        ReadOnlySpan<byte> message = e.First ? e.Payload : [.. client.Partial, .. e.Payload];
        client.Partial = [];
        foreach (Range line in message.Split((byte)'\n'))
        {
            OnReply(message[line]);
        }
    }

    private void OnReply(ReadOnlySpan<byte> reply)
    {
        if (reply.SequenceEqual("{}"u8))
        {
            Swarm.Write(Opcode.Text, "{}"u8); // the answer to a ping
            return;
        }
        Utf8JsonReader reader = new(reply);
        using JsonDocument json = JsonDocument.ParseValue(ref reader);
        if (json.RootElement.TryGetProperty("error", out JsonElement error) || json.RootElement.TryGetProperty("disconnect", out error))
        {
            throw new IOException($"The server refused: {error}");
        }
        if (json.RootElement.TryGetProperty("id", out _))
        {
            _repliesDue--;
        }
    }
}
