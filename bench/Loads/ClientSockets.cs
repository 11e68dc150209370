using System.Net;
using System.Net.Sockets;

namespace Sluice.Bench.Loads;

/// <summary>Connected sockets from many source addresses, since one has only 28,000 ports and the kernel keeps used ones for a minute.</summary>
/// <param name="server">To where.</param>
/// <param name="firstAddress">The last byte of the first source address, 127.0.0.x.</param>
/// <param name="connectionsPerAddress">After so many the next address is taken, and after <see cref="Addresses"/> the first again.</param>
/// <param name="bufferBytes">What the kernel may hold for a socket in each direction; 0: as it finds right.</param>
internal sealed class ClientSockets(IPEndPoint server, int firstAddress = 2, int connectionsPerAddress = 4_096, int bufferBytes = 0)
{
    private const int Addresses = 64;

    private int _connected;

    /// <summary>Connects one, set to never block; the descriptor is the caller's.</summary>
    internal int Connect()
    {
        Socket socket = ConnectSocket();
        socket.Blocking = false;
        int descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SafeHandle.SetHandleAsInvalid();
        return descriptor;
    }

    /// <summary>Connects one.</summary>
    internal Socket ConnectSocket()
    {
        int source = firstAddress + (_connected++ / connectionsPerAddress % Addresses);
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (bufferBytes > 0)
        {
            socket.SendBufferSize = bufferBytes;
            socket.ReceiveBufferSize = bufferBytes;
        }
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)source]), 0));
        socket.Connect(server);
        return socket;
    }
}
