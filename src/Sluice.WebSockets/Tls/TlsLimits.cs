namespace Sluice.WebSockets;

/// <summary>The bounds of TLS handshakes.</summary>
public sealed record TlsLimits
{
    /// <summary>The defaults.</summary>
    public static TlsLimits Default { get; } = new();

    /// <summary>How many are under way at once in one loop, or at one endpoint of Kestrel's; the connection of a further one ends at once.</summary>
    public int HandshakesMax { get; init; } = 1024;

    /// <summary>At an endpoint of Kestrel's: from the connection to the last byte of its handshake. In a loop
    /// <see cref="Loop.EventLoopOptions.HandshakeTimeoutMs"/> is for both handshakes together.</summary>
    public int HandshakeTimeoutMs { get; init; } = 10_000;
}
