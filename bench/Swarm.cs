using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;

namespace Sluice.Bench;

/// <summary>One WebSocket client among many.</summary>
internal sealed class Client
{
    internal required int Socket { get; init; }

    internal WebSocketConnection<ClientRole> Protocol;

    /// <summary>What arrived and was not a whole response head or frame.</summary>
    internal byte[] Tail = [];

    internal bool IsOpen { get; set; }

    /// <summary>The load's own: messages still to be sent, sent, and come back.</summary>
    internal int ToSend;
    internal int Sent;
    internal int Received;

    /// <summary>The load's own: of the message that has not come whole, how many bytes, or which.</summary>
    internal int MessageBytes;
    internal byte[] Partial = [];
}

/// <summary>Told of each event of each client, in the order of arrival.</summary>
internal delegate void ClientEvent(Client client, in WebSocketEvent e);

/// <summary>What the clients do.</summary>
internal interface ILoad
{
    /// <summary>Opens clients until there are <paramref name="count"/>, and has all of them do what they do before they idle.</summary>
    void Open(int count);

    /// <summary>What arrived for a client, idle ones included.</summary>
    void OnEvent(Client client, in WebSocketEvent e);
}

/// <summary>Very many WebSocket clients on one thread, over the same epoll system and protocol core as the server's.</summary>
/// <remarks>The same load for every server under test, bounded in clients and in time. Nothing is queued: a server that
/// takes less than it is sent, by the measure of the kernel's buffers, ends the run.</remarks>
internal sealed class Swarm : IDisposable
{
    private const int ClientsMax = 18_000; // descriptors of one process: 20,000
    private const int OpeningMax = 64; // handshakes under way, far below any backlog
    private const int PhaseTimeoutMs = 120_000;
    private const int ClientsPerSourceAddress = 4_096; // the kernel's range of ports holds 28,000 and keeps used ones for a minute

    private static readonly byte[] s_nonce = "sluice-bench-key"u8.ToArray();
    private static readonly WebSocketLimits s_limits = WebSocketLimits.Default;

    private readonly IPEndPoint _server;
    private readonly string _path;
    private readonly EpollSystem _system = new(_ => { });
    private readonly List<Client?> _clients = [];
    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private readonly MaskKeys _masks = new();
    private int _opened;
    private int _open;
    private ClientEvent _onEvent = (Client _, in WebSocketEvent _) => { };

    internal Swarm(IPEndPoint server, string path)
    {
        _server = server;
        _path = path;
    }

    /// <summary>Those that were opened and have not closed.</summary>
    internal IEnumerable<Client> Clients => _clients.OfType<Client>();

    /// <summary>Opens clients until there are <paramref name="count"/>; calls back for each that has just opened.</summary>
    internal void Open(int count, Action<Client>? onOpen = null, ClientEvent? onEvent = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ClientsMax);
        int started = _open;
        int announced = _open;
        List<Client> opening = [];
        Pump(() =>
        {
            announced += opening.RemoveAll(client =>
            {
                if (client.IsOpen)
                {
                    onOpen?.Invoke(client);
                }
                return client.IsOpen;
            });
            for (; started < count && started - announced < OpeningMax; started++)
            {
                opening.Add(Start());
            }
            return announced >= count;
        }, onEvent);
    }

    /// <summary>Serves what arrives until <paramref name="isDone"/>, which is asked after each.</summary>
    internal void Pump(Func<bool> isDone, ClientEvent? onEvent = null)
    {
        _onEvent = onEvent ?? ((Client _, in WebSocketEvent _) => { });
        long end = Environment.TickCount64 + PhaseTimeoutMs;
        while (!isDone())
        {
            if (_system.Next(Environment.TickCount64 + 100, out Completion completion))
            {
                Complete(completion);
            }
            if (_system.Now > end)
            {
                throw new TimeoutException($"The server did not answer all within {PhaseTimeoutMs} ms.");
            }
        }
    }

    /// <summary>Serves what arrives for a time.</summary>
    internal void Idle(int milliseconds, ClientEvent? onEvent = null)
    {
        long end = Environment.TickCount64 + milliseconds;
        Pump(() => Environment.TickCount64 >= end, onEvent);
    }

    /// <summary>Adds a message to what the next <see cref="Flush"/> sends.</summary>
    internal void Write(Opcode opcode, ReadOnlySpan<byte> payload) =>
        WebSocketConnection<ClientRole>.WriteFrame(_output, opcode, payload, _masks);

    /// <summary>Sends a client what was written, in one piece.</summary>
    internal void Flush(Client client)
    {
        if (_output.WrittenCount > 0)
        {
            MemoryMarshal.TryGetArray(_output.WrittenMemory, out ArraySegment<byte> bytes);
            SendOutcome outcome = _system.Send(client.Socket, bytes.Array!, bytes.Offset, bytes.Count);
            if (outcome != new SendOutcome(SendStatus.Done, _output.WrittenCount))
            {
                throw new IOException($"The server took {outcome} of {_output.WrittenCount} bytes.");
            }
            _output.ResetWrittenCount();
        }
    }

    /// <summary>Closes all clients by the closing handshake.</summary>
    internal void CloseAll()
    {
        foreach (Client client in Clients)
        {
            client.Protocol.WriteClose(_output, CloseCodes.Normal, default, _masks);
            Flush(client);
        }
        Pump(() => _open == 0);
        _clients.Clear();
    }

    public void Dispose() => _system.Dispose();

    private Client Start()
    {
        int source = 2 + (_opened++ / ClientsPerSourceAddress % 250);
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)source]), 0));
        socket.Connect(_server);
        socket.Blocking = false;
        Client client = new() { Socket = (int)socket.SafeHandle.DangerousGetHandle() };
        socket.SafeHandle.SetHandleAsInvalid(); // from here on the descriptor is the epoll system's
        _clients.Add(client);
        _system.Adopt(client.Socket, (ulong)_clients.Count, peek: false);
        ClientHandshake.WriteRequest(_output, _server.ToString(), _path, s_nonce);
        Flush(client);
        return client;
    }

    private void Complete(in Completion completion)
    {
        Client client = _clients[(int)completion.Token - 1]!;
        switch (completion.Kind)
        {
            case CompletionKind.Received:
                Receive(client, completion);
                break;
            case CompletionKind.Ended or CompletionKind.Failed when client.Protocol.CloseReceived:
                _system.Close(client.Socket);
                _clients[(int)completion.Token - 1] = null;
                _open--;
                break;
            default:
                throw new IOException($"A connection came to its end: {completion.Kind}.");
        }
    }

    private void Receive(Client client, in Completion completion)
    {
        Span<byte> input = completion.Buffer.AsSpan(completion.Offset - client.Tail.Length, client.Tail.Length + completion.Count);
        client.Tail.CopyTo(input);
        if (!client.IsOpen)
        {
            input = input[ReadHead(client, input)..];
        }
        if (client.IsOpen)
        {
            foreach (WebSocketEvent e in client.Protocol.Receive(input, _output, s_limits, _masks))
            {
                if (e.Kind == WebSocketEventKind.Violation || (e.Kind == WebSocketEventKind.Close && e.CloseCode != CloseCodes.Normal))
                {
                    throw new IOException($"{e.Kind} {e.CloseCode}");
                }
                _onEvent(client, e);
            }
            Flush(client);
        }
        int unread = client.IsOpen ? client.Protocol.Unread : input.Length;
        client.Tail = unread == 0 ? [] : input[^unread..].ToArray();
    }

    /// <summary>How many bytes the response's head took: 0 while it is not there whole.</summary>
    private int ReadHead(Client client, ReadOnlySpan<byte> input)
    {
        HttpResponseHead head = default;
        if (head.Parse(input, HttpHeadLimits.Default) == HeadStatus.NeedMore)
        {
            return 0;
        }
        HandshakeVerdict verdict = ClientHandshake.Judge(head, input, s_nonce, default, out _);
        if (!verdict.Accepted)
        {
            throw new IOException($"The handshake was refused: {verdict}");
        }
        client.IsOpen = true;
        _open++;
        return head.Length;
    }

    /// <summary>Cheap keys: the server under test is no adversary, and unmasks any key at the same cost.</summary>
    private sealed class MaskKeys : IMaskKeys
    {
        private uint _state = 0x9E3779B9;

        public uint Next()
        {
            _state ^= _state << 13;
            _state ^= _state >> 17;
            _state ^= _state << 5;
            return _state;
        }
    }
}
