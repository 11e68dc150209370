using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sluice.Live.Client.Peers;

/// <summary>An HTTP proxy that knows CONNECT and nothing else.</summary>
internal sealed class ConnectProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly string? _credentials;

    /// <param name="credentials">user:password that it wants, if any.</param>
    internal ConnectProxy(string? credentials = null)
    {
        _credentials = credentials;
        _listener.Start();
        _ = ServeAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many tunnels it has opened.</summary>
    internal int Tunnels { get; private set; }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It was disposed.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using NetworkStream client = new(socket, ownsSocket: true);
        StringBuilder head = new();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReadAsync(one) > 0)
        {
            head.Append((char)one[0]);
        }
        string[] lines = head.ToString().Split("\r\n");
        bool isKnown = _credentials is null || lines.Contains($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(_credentials))}");
        if (!isKnown)
        {
            await client.WriteAsync("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            return;
        }
        string[] destination = lines[0].Split(' ')[1].Split(':');
        using TcpClient server = new(destination[0] == "localhost" ? "127.0.0.1" : destination[0], int.Parse(destination[1], null));
        Tunnels++;
        await client.WriteAsync("HTTP/1.0 200 Connection established\r\n\r\n"u8.ToArray());
        await Task.WhenAny(client.CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client));
    }
}
