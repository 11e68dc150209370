using System.Net;
using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>A server's settings, and those of all paths that have none of their own. Immutable, so it may be shared; change it by <c>with</c>.</summary>
public sealed record WebSocketServerOptions : WebSocketPathOptions
{
    /// <summary>Where it listens: port 8080 of this machine alone by default. Port 0 takes any free one, <see cref="IPAddress.IPv6Any"/> serves IPv4 too.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 8080);

    /// <summary>Has it speak TLS, and nothing else (<c>wss</c>). It stays its maker's, who disposes of it after the server; null: no TLS.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>The bounds of TLS handshakes.</summary>
    public TlsLimits TlsLimits { get; init; } = TlsLimits.Default;

    /// <summary>How many connections may wait in the kernel to be accepted (which has a bound of its own).</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>How many event loops there are, each a thread of its own; one a core by default.</summary>
    public int Loops { get; init; } = Environment.ProcessorCount;

    /// <summary>The limits of each loop: connections, times, unsent bytes, memory. (Unserved paths are always answered by 404.)</summary>
    public EventLoopOptions LoopOptions { get; init; } = EventLoopOptions.Default;

    /// <summary>What other threads have posted and the loops have not yet done may hold so many bytes; each thing counts 128 more.</summary>
    public long PostedBytesMax { get; init; } = 64 << 20;

    /// <summary>How long <see cref="WebSocketServer.StopAsync"/> waits, for clients to close and for handlers to return.</summary>
    public int StopTimeoutMs { get; init; } = 10_000;

    /// <summary>Told of each exception of a handler, on the thread where it was caught; must not throw. By default it is written to standard error.</summary>
    public Action<Exception> Error { get; init; } = static error => Console.Error.WriteLine(error);

    internal override void Validate()
    {
        base.Validate();
        LoopOptions.Validate();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Loops);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Backlog);
        ArgumentOutOfRangeException.ThrowIfNegative(PostedBytesMax);
        ArgumentOutOfRangeException.ThrowIfNegative(StopTimeoutMs);
    }
}
