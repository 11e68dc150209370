using System.Buffers;
using System.Net;
using System.Text.Json;
using Sluice.Bench.Loads;
using Sluice.Loop;
using Sluice.WebSockets;

namespace Sluice.Bench.Attacks;

/// <summary>What an attacker did.</summary>
internal sealed record Damage(long Opened, long ThrownOut, long BytesSent);

/// <summary>The other process on the load's core: it attacks until its standard input ends, and then prints its <see cref="Damage"/>.</summary>
internal sealed class Attacker : IDisposable
{
    private const string Path = "/echo";
    private const int FirstAddress = 100; // its own, apart from the established clients'
    private const int ConnectionsPerAddress = 500;
    private const int SocketBufferBytes = 64 << 10; // megabytes of its own in the kernel would hurt everybody, and not be the server's doing
    private const int OpeningsPerTick = 64;
    private const int CompletionsPerTick = 256;
    private const int DripMs = 1_000;

    private readonly Attack _attack;
    private readonly EpollSystem _system = new(static _ => { });
    private readonly ClientSockets _sockets;
    private readonly byte[] _request;
    private readonly byte[] _flood;
    private readonly Dictionary<ulong, Peer> _peers = [];
    private readonly Queue<ulong> _ready = new(); // took all, and gets more
    private readonly Queue<(ulong Token, long DueMs)> _drips = new();
    private ulong _lastToken;
    private long _thrownOut;
    private long _bytesSent;

    private Attacker(Attack attack, IPEndPoint server)
    {
        _attack = attack;
        _sockets = new ClientSockets(server, FirstAddress, ConnectionsPerAddress, SocketBufferBytes);
        ArrayBufferWriter<byte> request = new();
        Upgrade.WriteRequest(request, server, Path, attack.OffersDeflate);
        _request = request.WrittenSpan.ToArray();
        _flood = attack.MakeFlood();
    }

    /// <summary>The attacker's program.</summary>
    internal static void Run(string name, string server)
    {
        Attack attack = Attack.All.First(attack => attack.Name == name);
        using Attacker attacker = new(attack, IPEndPoint.Parse(server));
        Task<int> ordered = Task.Run(Console.In.Read);
        Console.WriteLine("attacking");
        while (!ordered.IsCompleted)
        {
            attacker.Tick();
        }
        Console.WriteLine(JsonSerializer.Serialize(new Damage((long)attacker._lastToken, attacker._thrownOut, attacker._bytesSent)));
    }

    public void Dispose() => _system.Dispose();

    private void Tick()
    {
        for (int i = 0; i < OpeningsPerTick && _peers.Count < _attack.Connections; i++)
        {
            Open();
        }
        for (int i = _ready.Count; i > 0; i--)
        {
            Flood(_ready.Dequeue());
        }
        for (int i = 0; i < CompletionsPerTick && _system.Next(Environment.TickCount64 + (_ready.Count > 0 ? 0 : 1), out Completion completion); i++)
        {
            Complete(completion);
        }
        while (_drips.TryPeek(out (ulong Token, long DueMs) drip) && drip.DueMs <= Environment.TickCount64)
        {
            Drip(_drips.Dequeue().Token);
        }
    }

    private void Open()
    {
        ulong token = ++_lastToken;
        Peer peer = new(_sockets.Connect());
        _peers.Add(token, peer);
        _system.Adopt(peer.Socket, token, peek: false);
        if (_attack.Manner == Manner.Drip)
        {
            Drip(token);
        }
        else
        {
            Send(token, peer, _request, 0);
        }
    }

    private void Complete(in Completion completion)
    {
        if (!_peers.TryGetValue(completion.Token, out Peer? peer))
        {
            return;
        }
        switch (completion.Kind)
        {
            case CompletionKind.Received when peer.Phase == Phase.Asking && _attack.Manner != Manner.Drip:
                peer.Phase = Phase.Flooding; // the response lies whole in the first bytes
                if (_attack.Manner == Manner.Deaf)
                {
                    _system.Disarm(peer.Socket);
                }
                Flood(completion.Token);
                break;
            case CompletionKind.Sent when peer.Phase == Phase.Flooding:
                Flood(completion.Token);
                break;
            case CompletionKind.Ended or CompletionKind.Failed:
                ThrowOut(completion.Token, peer);
                break;
        }
    }

    // From wherever the last send was cut. When not all is taken, a completion tells of room.
    private void Flood(ulong token)
    {
        if (!_peers.TryGetValue(token, out Peer? peer))
        {
            return;
        }
        peer.Offset += Send(token, peer, _flood, peer.Offset);
        if (peer.Offset < _flood.Length)
        {
            return;
        }
        peer.Offset = 0;
        if (_attack.Manner == Manner.Once)
        {
            peer.Phase = Phase.Waiting;
        }
        else
        {
            _ready.Enqueue(token);
        }
    }

    private void Drip(ulong token)
    {
        if (_peers.TryGetValue(token, out Peer? peer))
        {
            Send(token, peer, [_request[peer.Offset]], 0);
            peer.Offset = Math.Min(peer.Offset + 1, _request.Length - "s\r\n\r\n".Length); // so that it never ends
            _drips.Enqueue((token, Environment.TickCount64 + DripMs));
        }
    }

    private int Send(ulong token, Peer peer, byte[] bytes, int offset)
    {
        SendOutcome outcome = _system.Send(peer.Socket, bytes, offset, bytes.Length - offset);
        if (outcome.Status == SendStatus.Failed)
        {
            ThrowOut(token, peer);
        }
        _bytesSent += outcome.Count;
        return outcome.Count;
    }

    private void ThrowOut(ulong token, Peer peer)
    {
        _system.Close(peer.Socket);
        _peers.Remove(token);
        _thrownOut++;
    }

    private enum Phase
    {
        Asking,
        Flooding,
        Waiting,
    }

    private sealed class Peer(int socket)
    {
        internal int Socket => socket;

        internal Phase Phase { get; set; }

        internal int Offset { get; set; }
    }
}
