using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Tls;

/// <summary>A system that speaks TLS at a loopback port, and peers that are ordinary sockets, with .NET's TLS or without. The
/// test is the loop: while a peer waits for it, it takes what the system has.</summary>
internal sealed class TlsRig : IDisposable
{
    private const int PatienceMs = 20_000;

    private readonly CertificateFolder _folder = new();
    private readonly ServerCertificate _certificate;
    private readonly ListeningSocket _listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 64);
    private readonly List<IDisposable> _peers = [];

    internal TlsRig(bool isRequired = false, TlsLimits? limits = null)
    {
        _certificate = _folder.Load();
        System = new TlsSystem(_certificate, (socket, tls) => Released.Add((socket, tls)), _listener, isRequired, limits);
    }

    internal TlsSystem System { get; }

    internal List<(int Socket, TlsConnection? Tls)> Released { get; } = [];

    /// <summary>What came while something else was waited for.</summary>
    internal Queue<(CompletionKind Kind, ulong Token, byte[] Bytes)> Came { get; } = new();

    public void Dispose()
    {
        System.Dispose();
        _peers.ForEach(static peer => peer.Dispose());
        _certificate.Dispose();
        _folder.Dispose();
    }

    /// <summary>A connected socket and the number of its other end, which the system has adopted.</summary>
    internal (Socket Peer, int Socket) Connect(ulong token, bool peek = false, int receiveBufferBytes = 0)
    {
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = PatienceMs };
        _peers.Add(peer);
        if (receiveBufferBytes > 0)
        {
            peer.ReceiveBufferSize = receiveBufferBytes;
        }
        peer.Connect(_listener.EndPoint);
        Assert.True(System.Next(System.Now + PatienceMs, out Completion accepted));
        Assert.Equal(CompletionKind.Accepted, accepted.Kind);
        System.Adopt(accepted.Socket, token, peek);
        return (peer, accepted.Socket);
    }

    /// <summary>The same, with TLS over it.</summary>
    internal (SslStream Peer, int Socket) Open(ulong token, bool peek = false, int receiveBufferBytes = 0)
    {
        (Socket peer, int socket) = Connect(token, peek, receiveBufferBytes);
        SslStream tls = Secure(new NetworkStream(peer));
        While(() => tls.AuthenticateAsClient("localhost"));
        return (tls, socket);
    }

    internal SslStream Secure(Stream stream)
    {
        SslStream tls = new(stream, leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate?.Subject == CertificateFolder.FirstSubject);
        _peers.Add(tls);
        return tls;
    }

    /// <summary>Takes what comes until something else is done.</summary>
    internal void While(Task task)
    {
        for (DateTime end = DateTime.UtcNow.AddMilliseconds(PatienceMs); !task.IsCompleted;)
        {
            Assert.True(DateTime.UtcNow < end, "it is never done");
            TakeOne(5);
        }
        task.GetAwaiter().GetResult();
    }

    /// <summary>Takes what comes until a peer has done something on a thread of its own.</summary>
    internal void While(Action peer) => While(Task.Run(peer));

    /// <inheritdoc cref="While(Action)"/>
    internal T While<T>(Func<T> peer) => While(Task.Run(peer));

    internal T While<T>(Task<T> task)
    {
        While((Task)task);
        return task.Result;
    }

    /// <summary>The next thing that comes.</summary>
    internal byte[] Expect(CompletionKind kind, ulong token)
    {
        for (DateTime end = DateTime.UtcNow.AddMilliseconds(PatienceMs); Came.Count == 0;)
        {
            Assert.True(DateTime.UtcNow < end, $"no {kind} came");
            TakeOne(100);
        }
        (CompletionKind Kind, ulong Token, byte[] Bytes) came = Came.Dequeue();
        Assert.Equal((kind, token), (came.Kind, came.Token));
        return came.Bytes;
    }

    internal byte[] ExpectReceived(ulong token, int count)
    {
        List<byte> received = [];
        while (received.Count < count)
        {
            received.AddRange(Expect(CompletionKind.Received, token));
        }
        return [.. received];
    }

    internal void ExpectNothing()
    {
        TakeOne(50);
        Assert.Empty(Came);
    }

    internal byte[] Read(Stream peer, int count)
    {
        byte[] bytes = new byte[count];
        While(() => peer.ReadExactly(bytes));
        return bytes;
    }

    private void TakeOne(int patienceMs)
    {
        if (System.Next(System.Now + patienceMs, out Completion completion))
        {
            Came.Enqueue((completion.Kind, completion.Token, completion.Buffer.AsSpan(completion.Offset, completion.Count).ToArray()));
        }
    }
}
