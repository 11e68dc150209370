using System.Runtime.CompilerServices;

namespace Sluice.WebSockets;

/// <summary>The bounds of TLS handshakes.</summary>
public sealed record TlsLimits
{
    /// <summary>The defaults.</summary>
    public static TlsLimits Default { get; } = new();

    /// <summary>How many are under way at once in one loop, or at one endpoint of Kestrel's; the connection of a further one ends at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int HandshakesMax
    {
        get;
        init => field = Check(value);
    } = 1024;

    /// <summary>At an endpoint of Kestrel's: from the connection to the last byte of its handshake. In a loop
    /// <see cref="Loop.EventLoopOptions.HandshakeTimeoutMs"/> is for both handshakes together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int HandshakeTimeoutMs
    {
        get;
        init => field = Check(value);
    } = 10_000;

    private static int Check(int value, [CallerMemberName] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        return value;
    }
}
