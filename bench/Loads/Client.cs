using Sluice.Protocol;

namespace Sluice.Bench.Loads;

/// <summary>One WebSocket client among many.</summary>
internal sealed class Client
{
    internal required int Socket { get; init; }

    internal WebSocketConnection<ClientRole> Protocol;

    /// <summary>What arrived and was not a whole response head or frame.</summary>
    internal byte[] Tail = [];

    /// <summary>What the server has not taken yet.</summary>
    internal ArraySegment<byte> Unsent = ArraySegment<byte>.Empty;

    internal bool IsOpen { get; set; }

    /// <summary>Whether the server agreed to compress.</summary>
    internal bool Deflates { get; set; }

    /// <summary>Whether the server has said that it closes.</summary>
    internal bool IsClosing { get; set; }

    /// <summary>The load's own: messages still to be sent, sent, and come back.</summary>
    internal int ToSend;
    internal int Sent;
    internal int Received;

    /// <summary>The load's own: of the message that has not come whole, how many bytes, or which.</summary>
    internal int MessageBytes;
    internal byte[] Partial = [];
}

/// <summary>What the clients of a swarm do.</summary>
internal abstract class Load
{
    protected Load(Swarm swarm)
    {
        Swarm = swarm;
        swarm.Load = this;
    }

    protected Swarm Swarm { get; }

    /// <summary>Opens clients until there are <paramref name="count"/>, and has all of them do what they do before they idle.</summary>
    internal abstract void Open(int count);

    /// <summary>A client has just opened.</summary>
    internal virtual void OnOpened(Client client)
    {
    }

    /// <summary>What arrived for a client that parses, idle ones included.</summary>
    internal virtual void OnEvent(Client client, in WebSocketEvent e)
    {
    }

    /// <summary>A data frame that arrived for a client that skims.</summary>
    internal virtual void OnFrame(Client client, in SkimmedFrame frame)
    {
    }
}
