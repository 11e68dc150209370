using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;

namespace Sluice.Bench.Loads;

/// <summary>Very many WebSocket clients on one thread, over the same epoll system and protocol core as the server's.</summary>
/// <remarks>The same load for every server under test, bounded in clients, in time and in what waits to be sent.</remarks>
/// <param name="server">Where.</param>
/// <param name="path">Its path.</param>
internal sealed class Swarm(IPEndPoint server, string path) : IDisposable
{
    private const int ClientsMax = 18_000; // descriptors of one process: 20,000
    private const int OpeningMax = 64; // handshakes under way, far below any backlog
    private const int PhaseTimeoutMs = 120_000;
    private const int UnsentBytesMax = 4 << 20;

    private static readonly WebSocketLimits s_limits = WebSocketLimits.Default with { MessageBytesMax = 4 << 20 };

    private readonly EpollSystem _system = new(static _ => { });
    private readonly ClientSockets _sockets = new(server);
    private readonly List<Client?> _clients = [];
    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private readonly CheapMaskKeys _masks = new();
    private int _open;

    /// <summary>What they do; set by the load itself.</summary>
    internal Load? Load { get; set; }

    /// <summary>Whether clients offer permessage-deflate; then they only skim.</summary>
    internal bool OffersDeflate { get; init; }

    /// <summary>Whether clients count frames instead of parsing them.</summary>
    internal bool Skims { get; init; }

    /// <summary>Those that were opened and have not closed.</summary>
    internal IEnumerable<Client> Clients => _clients.OfType<Client>();

    /// <summary>Opens clients until there are <paramref name="count"/>.</summary>
    internal void Open(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ClientsMax);
        int started = _open;
        Pump(() =>
        {
            for (; started < count && started - _open < OpeningMax; started++)
            {
                Start();
            }
            return _open >= count;
        });
    }

    /// <summary>Serves what arrives until <paramref name="isDone"/>, which is asked after each, and each time nothing came for a while.</summary>
    internal void Pump(Func<bool> isDone, int waitMs = 100)
    {
        long end = Environment.TickCount64 + PhaseTimeoutMs;
        while (!isDone())
        {
            if (_system.Next(Environment.TickCount64 + waitMs, out Completion completion))
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
    internal void Idle(int milliseconds)
    {
        long end = Environment.TickCount64 + milliseconds;
        Pump(() => Environment.TickCount64 >= end);
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
            Send(client, bytes, isBorrowed: true);
            _output.ResetWrittenCount();
        }
    }

    /// <summary>Sends a client finished frames, which nobody changes any more.</summary>
    internal void Send(Client client, byte[] frames) => Send(client, frames, isBorrowed: false);

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

    private void Start()
    {
        Client client = new() { Socket = _sockets.Connect() };
        _clients.Add(client);
        _system.Adopt(client.Socket, (ulong)_clients.Count, peek: false);
        Upgrade.WriteRequest(_output, server, path, OffersDeflate);
        Flush(client);
    }

    private void Send(Client client, ArraySegment<byte> bytes, bool isBorrowed)
    {
        if (client.Unsent.Count > 0)
        {
            client.Unsent = client.Unsent.Count + bytes.Count <= UnsentBytesMax
                ? new ArraySegment<byte>([.. client.Unsent, .. bytes])
                : throw new IOException("The server takes less than it is sent.");
            return;
        }
        SendOutcome outcome = _system.Send(client.Socket, bytes.Array!, bytes.Offset, bytes.Count);
        if (outcome.Status != SendStatus.Done)
        {
            throw new IOException($"A send ended as {outcome}.");
        }
        if (outcome.Count < bytes.Count)
        {
            ArraySegment<byte> rest = bytes[outcome.Count..];
            client.Unsent = isBorrowed ? new ArraySegment<byte>([.. rest]) : rest;
        }
    }

    private void Complete(in Completion completion)
    {
        Client client = _clients[(int)completion.Token - 1]!;
        switch (completion.Kind)
        {
            case CompletionKind.Received:
                Receive(client, completion);
                break;
            case CompletionKind.Sent:
                ArraySegment<byte> rest = client.Unsent;
                client.Unsent = ArraySegment<byte>.Empty;
                Send(client, rest, isBorrowed: false);
                break;
            case CompletionKind.Ended or CompletionKind.Failed when client.IsClosing:
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
        Span<byte> input = WithTail(client, completion);
        if (!client.IsOpen)
        {
            int head = Upgrade.ReadResponse(input, out bool deflates);
            input = input[head..];
            if (head > 0)
            {
                client.IsOpen = true;
                client.Deflates = deflates;
                _open++;
                Load?.OnOpened(client);
            }
        }
        int unread = input.Length;
        if (client.IsOpen)
        {
            unread = Skims || OffersDeflate ? Skim(client, input) : Parse(client, input);
            Flush(client);
        }
        client.Tail = unread == 0 ? [] : input[^unread..].ToArray();
    }

    private static Span<byte> WithTail(Client client, in Completion completion)
    {
        if (client.Tail.Length > ISystem.HeadroomBytes)
        {
            return (byte[])[.. client.Tail, .. completion.Buffer.AsSpan(completion.Offset, completion.Count)];
        }
        Span<byte> input = completion.Buffer.AsSpan(completion.Offset - client.Tail.Length, client.Tail.Length + completion.Count);
        client.Tail.CopyTo(input);
        return input;
    }

    private int Parse(Client client, Span<byte> input)
    {
        foreach (WebSocketEvent e in client.Protocol.Receive(input, _output, s_limits, _masks))
        {
            if (e.Kind == WebSocketEventKind.Violation || (e.Kind == WebSocketEventKind.Close && e.CloseCode != CloseCodes.Normal))
            {
                throw new IOException($"{e.Kind} {e.CloseCode}");
            }
            Load?.OnEvent(client, e);
        }
        client.IsClosing = client.Protocol.CloseReceived;
        return client.Protocol.Unread;
    }

    private int Skim(Client client, ReadOnlySpan<byte> input)
    {
        while (SkimmedFrame.TryRead(input, out SkimmedFrame frame))
        {
            switch (frame.Opcode)
            {
                case Opcode.Ping:
                    Write(Opcode.Pong, frame.Payload);
                    break;
                case Opcode.Close when client.Protocol.CloseSent:
                    client.IsClosing = true;
                    break;
                case Opcode.Close:
                    throw new IOException("The server closed a connection.");
                default:
                    Load?.OnFrame(client, frame);
                    break;
            }
            input = input[frame.WireBytes..];
        }
        return input.Length;
    }
}
