using System.Buffers.Binary;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>The kernel of a loop in a test: sockets that take as many bytes as they are told to, and remember them.</summary>
/// <remarks>It allocates nothing per completion, so that what is counted is the loop's.</remarks>
internal sealed class ScriptedSystem : ISystem
{
    private readonly Queue<Completion> _completions = new();
    private readonly Dictionary<int, ulong> _tokens = [];
    private readonly Dictionary<int, int> _room = [];
    private readonly HashSet<int> _short = [];
    private readonly byte[] _received = new byte[ISystem.HeadroomBytes + (256 << 10)];
    private int _sockets;

    public long Now { get; set; } = 1_000;

    /// <summary>What each socket has taken.</summary>
    public Dictionary<int, List<byte>> Taken { get; } = [];

    public List<int> Closed { get; } = [];

    /// <summary>To whom nothing more comes.</summary>
    public List<int> Finished { get; } = [];

    /// <summary>Of whom nothing is read.</summary>
    public List<int> Disarmed { get; } = [];

    public bool Remembers { get; set; } = true;

    /// <summary>How many bytes were taken in all, remembered or not.</summary>
    public long TakenBytes { get; private set; }

    public int SendCount { get; private set; }

    /// <summary>Has a peer connect.</summary>
    public int Accept(UInt128 address = default)
    {
        int socket = ++_sockets;
        Taken[socket] = [];
        byte[] from = new byte[ISystem.AddressBytes];
        BinaryPrimitives.WriteUInt128BigEndian(from, address);
        _completions.Enqueue(new Completion(CompletionKind.Accepted, 0, socket, from, 0, from.Length));
        return socket;
    }

    /// <summary>Has bytes arrive at the loop's next turn. One arrival a turn, since it lies in the one buffer.</summary>
    public void Deliver(int socket, ReadOnlySpan<byte> bytes) => Show(CompletionKind.Received, socket, bytes);

    /// <summary>Likewise, of a socket that is peeked at.</summary>
    public void Peek(int socket, ReadOnlySpan<byte> bytes) => Show(CompletionKind.Peeked, socket, bytes);

    /// <summary>A peer says that nothing more comes of it.</summary>
    public void End(int socket) => _completions.Enqueue(Completion.Of(CompletionKind.Ended, _tokens[socket], socket));

    /// <summary>From now on a socket takes this many bytes more.</summary>
    public void Limit(int socket, int bytes) => _room[socket] = bytes;

    /// <summary>A socket takes on, and says so if a send was cut short.</summary>
    public void Unblock(int socket, int bytes = int.MaxValue)
    {
        _room[socket] = bytes;
        if (_short.Remove(socket))
        {
            _completions.Enqueue(Completion.Of(CompletionKind.Sent, _tokens[socket], socket));
        }
    }

    public void Random(Span<byte> destination) => destination.Fill(7);

    public bool Next(long deadlineMs, out Completion completion) => _completions.TryDequeue(out completion);

    public void Adopt(int socket, ulong token, bool peek) => _tokens[socket] = token;

    public void Arm(int socket) => Disarmed.Remove(socket);

    public void Disarm(int socket) => Disarmed.Add(socket);

    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        SendCount++;
        int room = _room.GetValueOrDefault(socket, int.MaxValue);
        int taken = Math.Min(room, count);
        if (room != int.MaxValue)
        {
            _room[socket] = room - taken;
        }
        TakenBytes += taken;
        if (Remembers)
        {
            Taken[socket].AddRange(buffer.AsSpan(offset, taken));
        }
        if (taken < count)
        {
            _short.Add(socket);
        }
        return new SendOutcome(SendStatus.Done, taken);
    }

    public void ShutdownWrite(int socket) => Finished.Add(socket);

    public void Close(int socket) => Closed.Add(socket);

    public void Release(int socket)
    {
    }

    public void ResumeAccepting()
    {
    }

    public void StopAccepting()
    {
    }

    public void Wake()
    {
        if (_completions.Count == 0 || _completions.Peek().Kind != CompletionKind.Woken)
        {
            _completions.Enqueue(Completion.Of(CompletionKind.Woken, 0, -1));
        }
    }

    public void Dispose()
    {
    }

    /// <summary>The request of a client, with an offer of compression if wanted.</summary>
    public static byte[] Request(string path, string? extensions = null) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: sluice\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        + (extensions is null ? "" : $"Sec-WebSocket-Extensions: {extensions}\r\n") + "\r\n");

    /// <summary>The messages that a socket has taken after the answer to its handshake, read by the protocol core.</summary>
    public List<string> Messages(int socket, DeflateAgreement deflate = default)
    {
        byte[] bytes = [.. Taken[socket]];
        int head = bytes.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        WebSocketConnection<ClientRole> connection = new() { Deflate = deflate };
        List<string> messages = [];
        StringBuilder message = new();
        foreach (WebSocketEvent e in connection.Receive(
            bytes.AsSpan(head), new System.Buffers.ArrayBufferWriter<byte>(), new WebSocketLimits { MessageBytesMax = 64 << 20 }, new Keys(), new Inflater()))
        {
            if (e.Kind == WebSocketEventKind.Violation)
            {
                throw new InvalidOperationException(Encoding.UTF8.GetString(e.Reason));
            }
            if (e.Kind == WebSocketEventKind.Data)
            {
                message.Append(Encoding.Latin1.GetString(e.Payload));
                if (e.Last)
                {
                    messages.Add(message.ToString());
                    message.Clear();
                }
            }
        }
        return messages;
    }

    private void Show(CompletionKind kind, int socket, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_received.AsSpan(ISystem.HeadroomBytes));
        _completions.Enqueue(new Completion(kind, _tokens[socket], socket, _received, ISystem.HeadroomBytes, bytes.Length));
    }

    private sealed class Keys : IMaskKeys
    {
        public uint Next() => 0;
    }
}
