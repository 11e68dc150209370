using System.Text.Json;
using Sluice.Protocol;

namespace Sluice.Bench;

/// <summary>Sessions of the native wire (JSON), each with one subscription, that then do nothing but answer pings.</summary>
internal sealed class SessionLoad(Swarm swarm)
{
    internal const string Path = "/connection/websocket";

    private int _repliesDue;

    /// <summary>Opens sessions until there are <paramref name="count"/>, and waits until all are subscribed.</summary>
    internal void Open(int count)
    {
        swarm.Open(count, Subscribe, OnEvent);
        swarm.Pump(() => _repliesDue == 0, OnEvent);
    }

    /// <summary>Answers pings for a time.</summary>
    internal void Idle(int milliseconds) => swarm.Idle(milliseconds, OnEvent);

    private void Subscribe(Client client)
    {
        swarm.Write(Opcode.Text, """{"id":1,"connect":{}}"""u8 + "\n"u8 + """{"id":2,"subscribe":{"channel":"chat:bench"}}"""u8);
        swarm.Flush(client);
        _repliesDue += 2;
    }

    private void OnEvent(Client client, in WebSocketEvent e)
    {
        if (e.Kind != WebSocketEventKind.Data)
        {
            return;
        }
        if (!e.First || !e.Last)
        {
            throw new IOException("A reply of a few hundred bytes came in pieces.");
        }
        ReadOnlySpan<byte> message = e.Payload;
        foreach (Range line in message.Split((byte)'\n'))
        {
            OnReply(message[line]);
        }
    }

    private void OnReply(ReadOnlySpan<byte> reply)
    {
        if (reply.SequenceEqual("{}"u8))
        {
            swarm.Write(Opcode.Text, "{}"u8); // the answer to a ping
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
