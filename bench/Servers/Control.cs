using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sluice.Bench.Loads;
using Sluice.Protocol;

namespace Sluice.Bench.Servers;

/// <summary>The one connection on which a server under test is told what to do: a blocking socket, one text message at a time.</summary>
/// <remarks><c>publish</c> sends 100 bytes to everybody at <c>/feed</c>; <c>publish NAME</c> the next line of that data file;
/// neither is answered. <c>stats</c> is answered by JSON (Sluice only).</remarks>
internal sealed class Control : IDisposable
{
    private const string Path = "/control";
    private const int ReceiveTimeoutMs = 10_000;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = ReceiveTimeoutMs };
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly byte[] _input = new byte[64 * 1024];
    private readonly CheapMaskKeys _masks = new();

    internal Control(IPEndPoint server)
    {
        _socket.Connect(server);
        Upgrade.WriteRequest(_output, server, Path, offersDeflate: false);
        Flush();
        int length = 0;
        while (Upgrade.ReadResponse(_input.AsSpan(0, length), out _) == 0)
        {
            length += Receive(length);
        }
    }

    /// <summary>Says something.</summary>
    internal void Tell(string command)
    {
        WebSocketConnection<ClientRole>.WriteFrame(_output, Opcode.Text, Encoding.UTF8.GetBytes(command), _masks);
        Flush();
    }

    /// <summary>Asks something, and waits for the answer.</summary>
    internal string Ask(string question)
    {
        Tell(question);
        int length = 0;
        while (true)
        {
            length += Receive(length);
            if (!FrameHeader.TryRead(_input.AsSpan(0, length), out FrameHeader header) || length < header.Size + (int)header.PayloadLength)
            {
                continue;
            }
            int size = header.Size + (int)header.PayloadLength;
            if (header.Opcode == Opcode.Text)
            {
                return Encoding.UTF8.GetString(_input.AsSpan(header.Size, size - header.Size));
            }
            if (header.Opcode == Opcode.Ping)
            {
                WebSocketConnection<ClientRole>.WriteFrame(_output, Opcode.Pong, _input.AsSpan(header.Size, size - header.Size), _masks);
                Flush();
            }
            _input.AsSpan(size, length - size).CopyTo(_input);
            length -= size;
        }
    }

    public void Dispose() => _socket.Dispose();

    private void Flush()
    {
        _socket.Send(_output.WrittenSpan);
        _output.ResetWrittenCount();
    }

    private int Receive(int at)
    {
        int count = _socket.Receive(_input.AsSpan(at));
        return count > 0 ? count : throw new IOException("The server ended the control connection.");
    }
}
