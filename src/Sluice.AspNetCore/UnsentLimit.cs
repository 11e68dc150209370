using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Sluice.WebSockets;

namespace Sluice.AspNetCore;

/// <summary>The bound on unsent bytes for sockets that Kestrel accepts itself; what the reactor gives away has it already.</summary>
public static class UnsentLimit
{
    /// <summary>Sets <see cref="ListeningSocket.UnsentBytesDefault"/> on each listening socket, whose connections inherit it,
    /// where the operating system has such a bound (Linux).</summary>
    public static void LimitUnsent(this SocketTransportOptions options)
    {
        if (OperatingSystem.IsLinux())
        {
            options.CreateBoundListenSocket = static endPoint =>
            {
                Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
                ListeningSocket.LimitUnsent(socket);
                return socket;
            };
        }
    }
}
