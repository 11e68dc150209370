using System.Text;
using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Each client has permessage-deflate agreed, sends one compressed message and gets it back compressed; then it idles.</summary>
internal sealed class DeflatedEchoLoad : Load
{
    private readonly byte[] _message;
    private readonly byte[] _frame;
    private int _toReceive;

    internal DeflatedEchoLoad(Swarm swarm)
        : base(swarm)
    {
        _message = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 16).Select(static i =>
            $$"""{"id":{{i}},"user":"user-{{i * 7 % 10}}","text":"message number {{i}} of a conversation"},""")));
        _frame = Deflated.ClientFrame(Opcode.Text, _message);
    }

    internal override void Open(int count)
    {
        Swarm.Open(count);
        Swarm.Pump(() => _toReceive == 0);
    }

    internal override void OnOpened(Client client)
    {
        if (!client.Deflates)
        {
            throw new IOException("The server does not speak permessage-deflate.");
        }
        Swarm.Send(client, _frame);
        _toReceive++;
    }

    internal override void OnFrame(Client client, in SkimmedFrame frame)
    {
        if (!frame.IsCompressed)
        {
            throw new IOException("The answer is not compressed.");
        }
        if (client.Received++ == 0 && _toReceive % 100 == 0)
        {
            using Deflated.Reader reader = new();
            byte[] message = new byte[_message.Length];
            reader.Inflate(frame.Payload, message);
            if (!message.AsSpan().SequenceEqual(_message))
            {
                throw new IOException("Other bytes came back than were sent.");
            }
        }
        _toReceive--;
    }
}
