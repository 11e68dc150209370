using System.Buffers;
using System.Buffers.Text;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Each client keeps a number of small messages under way until all have come back.</summary>
/// <remarks>Each byte that comes back is counted, and one message in <see cref="CheckEvery"/> is compared with what was sent.</remarks>
internal sealed class EchoLoad(Swarm swarm) : Load(swarm)
{
    internal const int PayloadBytes = 64;

    private const int CheckEvery = 32;

    private readonly byte[] _payload = [.. Enumerable.Range(0, PayloadBytes).Select(static i => (byte)('a' + (i % 26)))];
    private long _toReceive;

    internal override void Open(int count)
    {
        Swarm.Open(count);
        Run(messagesPerClient: 20, pipeline: 4);
    }

    /// <summary>Has every client send <paramref name="messagesPerClient"/> messages, <paramref name="pipeline"/> at a time.</summary>
    internal void Run(int messagesPerClient, int pipeline)
    {
        foreach (Client client in Swarm.Clients)
        {
            client.ToSend = messagesPerClient;
            _toReceive += messagesPerClient;
            for (int i = 0; i < pipeline; i++)
            {
                Send(client);
            }
            Swarm.Flush(client);
        }
        Swarm.Pump(() => _toReceive == 0);
    }

    internal override void OnEvent(Client client, in WebSocketEvent e)
    {
        if (e.Kind != WebSocketEventKind.Data)
        {
            return;
        }
        client.MessageBytes += e.Payload.Length;
        if (!e.Last)
        {
            return;
        }
        if (client.MessageBytes != PayloadBytes || e.Opcode != Opcode.Text)
        {
            throw new IOException($"{client.MessageBytes} bytes of {e.Opcode} came back instead of {PayloadBytes} of text.");
        }
        if (e.First && client.Received % CheckEvery == 0 && !e.Payload.SequenceEqual(Payload(client.Received)))
        {
            throw new IOException("Other bytes came back than were sent.");
        }
        client.MessageBytes = 0;
        client.Received++;
        _toReceive--;
        Send(client);
    }

    private void Send(Client client)
    {
        if (client.ToSend > 0)
        {
            Swarm.Write(Opcode.Text, Payload(client.Sent));
            client.Sent++;
            client.ToSend--;
        }
    }

    /// <summary>The message of a number: its digits, then letters.</summary>
    private ReadOnlySpan<byte> Payload(int number)
    {
        Utf8Formatter.TryFormat(number, _payload, out _, new StandardFormat('D', 8));
        return _payload;
    }
}
