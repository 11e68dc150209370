using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>Readers of one feed, which keep up: a message is published when all have the one before it.</summary>
/// <remarks>All count; the first <see cref="Witnesses"/> also read, and inflate, every message.</remarks>
internal sealed class FeedLoad(Swarm swarm) : Load(swarm), IDisposable
{
    private const int Witnesses = 4;

    private readonly Dictionary<Client, Deflated.Reader> _witnesses = [];
    private long _due;
    private byte[] _expected = [];
    private byte[] _inflated = [];

    /// <summary>What arrived so far, headers included.</summary>
    internal long WireBytes { get; private set; }

    /// <summary>What was published so far, for each reader once, without headers.</summary>
    internal long PlainBytes { get; private set; }

    /// <summary>Messages that arrived.</summary>
    internal long Deliveries { get; private set; }

    internal override void Open(int count) => Swarm.Open(count);

    internal override void OnOpened(Client client)
    {
        if (Swarm.OffersDeflate && !client.Deflates)
        {
            throw new IOException("The server does not speak permessage-deflate.");
        }
        if (_witnesses.Count < Witnesses)
        {
            _witnesses.Add(client, new Deflated.Reader());
        }
    }

    /// <summary>Has a message published and waits until all have it.</summary>
    /// <param name="publish">Publishes it.</param>
    /// <param name="message">What must come.</param>
    internal void Publish(Action publish, byte[] message)
    {
        int readers = Swarm.Clients.Count();
        _due += readers;
        _expected = message;
        if (_inflated.Length != message.Length)
        {
            _inflated = new byte[message.Length];
        }
        PlainBytes += (long)readers * message.Length;
        publish();
        Swarm.Pump(() => _due == 0);
    }

    internal override void OnFrame(Client client, in SkimmedFrame frame)
    {
        WireBytes += frame.WireBytes;
        Deliveries++;
        _due--;
        if (client.Received++ >= 0 && _witnesses.TryGetValue(client, out Deflated.Reader? witness))
        {
            ReadOnlySpan<byte> message = frame.Payload;
            if (frame.IsCompressed)
            {
                witness.Inflate(frame.Payload, _inflated);
                message = _inflated;
            }
            if (!message.SequenceEqual(_expected))
            {
                throw new IOException("Another message came than was published.");
            }
        }
    }

    public void Dispose()
    {
        foreach (Deflated.Reader witness in _witnesses.Values)
        {
            witness.Dispose();
        }
    }
}
