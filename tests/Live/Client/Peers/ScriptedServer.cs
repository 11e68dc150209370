using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Client.Peers;

/// <summary>A listening socket, for a server that says exactly what the test wants.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    internal ScriptedServer() => _listener.Start();

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    internal Uri Uri => new($"ws://127.0.0.1:{Port}/chat?room=1");

    internal async Task<ScriptedPeer> AcceptAsync() => new(await _listener.AcceptSocketAsync());

    /// <summary>Takes a client and reads its request.</summary>
    internal async Task<(ScriptedPeer Peer, string Request)> AcceptRequestAsync()
    {
        ScriptedPeer peer = await AcceptAsync();
        return (peer, await peer.ReadHeadAsync());
    }

    /// <summary>Takes a client and upgrades it.</summary>
    internal async Task<ScriptedPeer> UpgradeAsync(string further = "")
    {
        (ScriptedPeer peer, string request) = await AcceptRequestAsync();
        await peer.SendAsync(ScriptedPeer.Acceptance(request, further));
        return peer;
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>The server's end of one connection.</summary>
internal sealed class ScriptedPeer(Socket socket) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    internal Socket Socket => socket;

    internal static string Acceptance(string request, string further = "")
    {
        string key = request.Split("Sec-WebSocket-Key: ")[1].Split("\r\n")[0];
#pragma warning disable CA5350 // as the protocol wants it
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{further}\r\n";
    }

    internal Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    internal async Task SendAsync(byte[] bytes) => Assert.Equal(bytes.Length, await socket.SendAsync(bytes));

    internal Task SendFrameAsync(Opcode opcode, ReadOnlySpan<byte> payload, bool final = true) => SendAsync(Frame(opcode, payload, final));

    internal Task SendCloseAsync(ushort code, string reason = "") =>
        SendFrameAsync(Opcode.Close, [(byte)(code >> 8), (byte)code, .. Encoding.UTF8.GetBytes(reason)]);

    internal async Task<string> ReadHeadAsync()
    {
        StringBuilder head = new();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReadAsync(1))[0]);
        }
        return head.ToString();
    }

    /// <summary>Reads one masked frame.</summary>
    internal async Task<ReceivedFrame> ReadFrameAsync()
    {
        byte[] start = await ReadAsync(2);
        Assert.NotEqual(0, start[1] & 0x80);
        byte[] more = await ReadAsync((start[1] & 0x7F) switch { 126 => 6, 127 => 12, _ => 4 });
        Assert.True(FrameHeader.TryRead((byte[])[.. start, .. more], out FrameHeader header));
        byte[] payload = await ReadAsync((int)header.PayloadLength);
        Masking.Apply(payload, header.Mask);
        return new(header.Opcode, header.Final, header.Compressed, header.Mask, payload);
    }

    internal async Task<int> ExpectCloseAsync()
    {
        ReceivedFrame frame = await ReadFrameAsync();
        Assert.Equal(Opcode.Close, frame.Opcode);
        return frame.Payload.Length == 0 ? 0 : (frame.Payload[0] << 8) | frame.Payload[1];
    }

    internal async Task ExpectEndAsync() => Assert.Equal(0, await ReceiveAsync(new byte[1]));

    /// <summary>Reads until the client has ended the connection, in order or not.</summary>
    internal async Task DrainAsync()
    {
        byte[] dropped = new byte[4096];
        try
        {
            while (await ReceiveAsync(dropped) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It has left bytes of ours unread.
        }
    }

    internal void End() => socket.Shutdown(SocketShutdown.Send);

    internal void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    internal async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await ReceiveAsync(bytes.AsMemory(read));
            Assert.True(more > 0, $"the client ended after {read} of {count} bytes");
            read += more;
        }
        return bytes;
    }

    public void Dispose() => socket.Dispose();

    internal static byte[] Frame(Opcode opcode, ReadOnlySpan<byte> payload, bool final = true)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, masked: false) + payload.Length];
        FrameHeader.Write(frame, opcode, final, payload.Length, null);
        payload.CopyTo(frame.AsSpan(frame.Length - payload.Length));
        return frame;
    }

    private async Task<int> ReceiveAsync(Memory<byte> bytes)
    {
        using CancellationTokenSource patience = new(s_patience);
        return await socket.ReceiveAsync(bytes, patience.Token);
    }
}

internal sealed record ReceivedFrame(Opcode Opcode, bool Final, bool Compressed, uint Mask, byte[] Payload)
{
    internal string Text => Encoding.UTF8.GetString(Payload);
}
