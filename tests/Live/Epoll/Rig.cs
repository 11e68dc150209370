using System.Net;
using System.Net.Sockets;
using Sluice.Loop;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Epoll;

/// <summary>An epoll system with a loopback port, and peers that are ordinary blocking sockets. The test is the loop.</summary>
internal sealed class Rig : IDisposable
{
    private const int PatienceMs = 10_000;

    private readonly List<IDisposable> _peers = [];

    internal Rig()
    {
        Listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 64);
        System = new EpollSystem(Released.Add, Listener);
    }

    internal ListeningSocket Listener { get; }

    internal EpollSystem System { get; }

    internal List<int> Released { get; } = [];

    public void Dispose()
    {
        System.Dispose();
        foreach (IDisposable peer in _peers)
        {
            peer.Dispose();
        }
    }

    internal Socket Connect(int receiveBufferBytes = 0)
    {
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = PatienceMs };
        _peers.Add(peer);
        if (receiveBufferBytes > 0)
        {
            peer.ReceiveBufferSize = receiveBufferBytes;
        }
        peer.Connect(Listener.EndPoint);
        return peer;
    }

    /// <summary>A connected peer and the number of its socket, which the system has adopted.</summary>
    internal (Socket Peer, int Socket) Open(ulong token, bool peek = false, int receiveBufferBytes = 0)
    {
        Socket peer = Connect(receiveBufferBytes);
        int socket = Expect(CompletionKind.Accepted).Socket;
        System.Adopt(socket, token, peek);
        return (peer, socket);
    }

    internal Completion Expect(CompletionKind kind, ulong token = 0)
    {
        Assert.True(System.Next(System.Now + PatienceMs, out Completion completion), $"no {kind} came");
        Assert.Equal((kind, token), (completion.Kind, completion.Token));
        return completion;
    }

    internal byte[] ExpectBytes(CompletionKind kind, ulong token) => BytesOf(Expect(kind, token));

    /// <summary>Takes what arrives until <paramref name="count"/> bytes are there.</summary>
    internal byte[] ExpectReceived(ulong token, int count)
    {
        List<byte> received = [];
        while (received.Count < count)
        {
            received.AddRange(ExpectBytes(CompletionKind.Received, token));
        }
        return [.. received];
    }

    /// <summary>Waits until the kernel has given all that it has, and it is nothing.</summary>
    internal void ExpectNothing()
    {
        bool came = System.Next(System.Now + 50, out Completion completion);
        Assert.False(came, $"{completion.Kind} of {completion.Token} came");
    }

    internal static byte[] BytesOf(in Completion completion) => completion.Buffer.AsSpan(completion.Offset, completion.Count).ToArray();

    internal static byte[] Pattern(int count, byte seed)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)((i * 31) + seed + (i >> 8));
        }
        return bytes;
    }

    internal static byte[] ReadExactly(Socket peer, int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = peer.Receive(bytes, read, count - read, SocketFlags.None);
            Assert.NotEqual(0, more);
            read += more;
        }
        return bytes;
    }

    internal static void Reset(Socket peer)
    {
        peer.LingerState = new LingerOption(true, 0);
        peer.Close();
    }
}
