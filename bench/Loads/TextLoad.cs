using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Each client sends one large text of characters of one to four bytes, again as soon as it has come back.</summary>
/// <remarks>All send the same finished frame, so that masking it costs the load nothing. Every byte that comes back is compared.</remarks>
internal sealed class TextLoad : Load
{
    private static readonly byte[] s_sentence = Encoding.UTF8.GetBytes("Grüße aus Kraków! 世界 hört zu: the quick brown fox — добрый день, 🦊 and so on. ");

    private readonly byte[] _text;
    private readonly byte[] _frame;
    private long _toReceive;

    internal TextLoad(Swarm swarm, int messageBytes)
        : base(swarm)
    {
        _text = new byte[messageBytes];
        Span<byte> rest = _text;
        for (; rest.Length >= s_sentence.Length; rest = rest[s_sentence.Length..])
        {
            s_sentence.CopyTo(rest);
        }
        rest.Fill((byte)'.');
        ArrayBufferWriter<byte> frame = new();
        WebSocketConnection<ClientRole>.WriteFrame(frame, Opcode.Text, _text, new CheapMaskKeys());
        _frame = frame.WrittenSpan.ToArray();
    }

    internal override void Open(int count) => Swarm.Open(count);

    /// <summary>Has every client send <paramref name="messagesPerClient"/> messages, one at a time.</summary>
    internal void Run(int messagesPerClient)
    {
        foreach (Client client in Swarm.Clients)
        {
            client.ToSend = messagesPerClient - 1;
            _toReceive += messagesPerClient;
            Swarm.Send(client, _frame);
        }
        Swarm.Pump(() => _toReceive == 0);
    }

    internal override void OnEvent(Client client, in WebSocketEvent e)
    {
        if (e.Kind != WebSocketEventKind.Data)
        {
            return;
        }
        if (client.MessageBytes + e.Payload.Length > _text.Length || !e.Payload.SequenceEqual(_text.AsSpan(client.MessageBytes, e.Payload.Length)))
        {
            throw new IOException("Other bytes came back than were sent.");
        }
        client.MessageBytes += e.Payload.Length;
        if (!e.Last)
        {
            return;
        }
        if (client.MessageBytes != _text.Length)
        {
            throw new IOException($"{client.MessageBytes} bytes came back instead of {_text.Length}.");
        }
        client.MessageBytes = 0;
        _toReceive--;
        if (client.ToSend > 0)
        {
            client.ToSend--;
            Swarm.Send(client, _frame);
        }
    }
}
