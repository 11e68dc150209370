using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>A client that is a blocking socket, to say what no well-behaved client would.</summary>
internal sealed class Peer : IDisposable
{
    private const int PatienceMs = 20_000;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = PatienceMs };

    private readonly Stream _stream;

    internal Peer(IPEndPoint server, int receiveBufferBytes = 0, bool isTls = false)
    {
        if (receiveBufferBytes > 0)
        {
            _socket.ReceiveBufferSize = receiveBufferBytes;
        }
        _socket.Connect(server);
        _stream = new NetworkStream(_socket);
        if (isTls)
        {
            SslStream tls = new(_stream, leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate?.Subject == CertificateFolder.FirstSubject);
            tls.AuthenticateAsClient("localhost");
            _stream = tls;
        }
    }

    internal static string UpgradeRequest(string path) =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    internal void Send(string text) => Send(Encoding.Latin1.GetBytes(text));

    internal void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    internal void SendFrame(Opcode opcode, ReadOnlySpan<byte> payload) => Send(Frame(opcode, payload));

    /// <summary>Sends what the server takes without waiting. Without TLS.</summary>
    internal int SendSome(ReadOnlySpan<byte> bytes)
    {
        _socket.Blocking = false;
        int sent = _socket.Send(bytes, SocketFlags.None, out SocketError error);
        _socket.Blocking = true;
        return error == SocketError.Success ? sent : 0;
    }

    /// <summary>Upgrades, and waits until a loop has the connection; what follows are frames.</summary>
    internal void Upgrade(string path = KestrelRig.EchoPath)
    {
        Send(UpgradeRequest(path));
        Assert.StartsWith("HTTP/1.1 101 ", ReadHead());
        SendFrame(Opcode.Ping, "?"u8);
        Assert.Equal(Opcode.Pong, ReadFrame().Opcode);
    }

    /// <summary>Reads a response's head, and not a byte further.</summary>
    internal string ReadHead()
    {
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)ReadExactly(1)[0]);
        }
        return head.ToString();
    }

    /// <summary>Reads a response of known length: its status and its body.</summary>
    internal (int Status, string Body) ReadResponse()
    {
        string head = ReadHead();
        string[] lines = head.Split("\r\n");
        string? length = lines.FirstOrDefault(static line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        byte[] body = ReadExactly(length is null ? 0 : int.Parse(length.Split(':')[1], null));
        return (int.Parse(lines[0].Split(' ')[1], null), Encoding.UTF8.GetString(body));
    }

    internal (Opcode Opcode, byte[] Payload) ReadFrame()
    {
        byte[] start = ReadExactly(2);
        int length = start[1] switch
        {
            126 => (ReadExactly(2) is var two ? (two[0] << 8) | two[1] : 0),
            127 => (int)System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(ReadExactly(8)),
            _ => start[1],
        };
        return ((Opcode)(start[0] & 0x0F), ReadExactly(length));
    }

    internal byte[] ReadExactly(int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = _stream.Read(bytes, read, count - read);
            Assert.True(more > 0, $"the server ended after {read} of {count} bytes");
            read += more;
        }
        return bytes;
    }

    internal void ExpectEnd() => Assert.Equal(0, _stream.Read(new byte[1]));

    internal void ExpectEndOrReset()
    {
        int received = _socket.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error);
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset, error.ToString());
        Assert.Equal(0, received);
    }

    /// <summary>Reads and drops what comes until the server's end, a clean one or a reset.</summary>
    internal void ReadToEnd()
    {
        byte[] dropped = new byte[4096];
        SocketError error;
        while (_socket.Receive(dropped, 0, dropped.Length, SocketFlags.None, out error) > 0)
        {
        }
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset, error.ToString());
    }

    internal void End() => _socket.Shutdown(SocketShutdown.Send);

    internal void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    internal static byte[] Frame(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, masked: true) + payload.Length];
        FrameHeader.Write(frame, opcode, true, payload.Length, 0); // the mask key 0 is legal
        payload.CopyTo(frame.AsSpan(frame.Length - payload.Length));
        return frame;
    }
}
