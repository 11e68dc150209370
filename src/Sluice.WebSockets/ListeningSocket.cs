using System.Net;
using System.Net.Sockets;

namespace Sluice.WebSockets;

/// <summary>A bound TCP port, from which one <see cref="EpollSystem"/> accepts.</summary>
/// <remarks>What is set on it is inherited by every accepted socket, which saves two calls per connection: no Nagle
/// delay, and a bound on unsent bytes. Belongs to whoever made it until an <see cref="EpollSystem"/> takes it.</remarks>
public sealed class ListeningSocket : IDisposable
{
    /// <summary>How many bytes the kernel keeps unsent for a socket before it says that there is no room.</summary>
    /// <remarks>Without it the kernel hides megabytes of stale data behind a "writable" socket. 4 to 32 KB measure alike.</remarks>
    public const int UnsentBytesDefault = 32 * 1024;

    private const int TcpLevel = 6; // IPPROTO_TCP
    private const int TcpNotSentLowWater = 25; // TCP_NOTSENT_LOWAT

    private readonly Socket _socket;

    private ListeningSocket(Socket socket)
    {
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the real port.</summary>
    public IPEndPoint EndPoint { get; }

    internal int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

    /// <summary>Binds and listens. Port 0 takes any free one; <see cref="IPAddress.IPv6Any"/> serves IPv4 too.</summary>
    /// <param name="endPoint">Where to listen.</param>
    /// <param name="backlog">How many connections may wait to be accepted (the system has a bound of its own).</param>
    /// <param name="unsentBytes">See <see cref="UnsentBytesDefault"/>.</param>
    /// <exception cref="SocketException">The system refused, for example <see cref="SocketError.AddressAlreadyInUse"/>.</exception>
    public static ListeningSocket Bind(IPEndPoint endPoint, int backlog, int unsentBytes = UnsentBytesDefault)
    {
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
            }
            socket.NoDelay = true;
            LimitUnsent(socket, unsentBytes);
            socket.Blocking = false;
            socket.Bind(endPoint); // with SO_REUSEADDR, as .NET does on Unix: a restart need not wait for old connections
            socket.Listen(backlog);
            return new ListeningSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sets <see cref="UnsentBytesDefault"/> on somebody else's socket. Linux only.</summary>
    public static void LimitUnsent(Socket socket, int unsentBytes = UnsentBytesDefault)
    {
        Span<byte> unsent = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(unsent, unsentBytes);
        socket.SetRawSocketOption(TcpLevel, TcpNotSentLowWater, unsent);
    }

    /// <summary>Stops listening; connections not yet accepted are refused.</summary>
    public void Dispose() => _socket.Dispose();
}
