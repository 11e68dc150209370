using Microsoft.AspNetCore.Connections;

namespace Sluice.AspNetCore;

/// <summary>The bounds of TLS handshakes at one endpoint of Kestrel's.</summary>
public sealed record TlsLimits
{
    /// <summary>The defaults.</summary>
    public static TlsLimits Default { get; } = new();

    /// <summary>How many are under way at once; the connection of a further one ends at once.</summary>
    public int HandshakesMax { get; init; } = 1024;

    /// <summary>From the connection to the last byte of its handshake.</summary>
    public int HandshakeTimeoutMs { get; init; } = 10_000;
}

/// <summary>Counts the TLS handshakes that are under way, and begins none too many.</summary>
/// <remarks>Two pieces of a connection's pipeline, before TLS and behind it.</remarks>
internal sealed class TlsHandshakes(int max)
{
    private int _underWay;

    internal ConnectionDelegate Begin(ConnectionDelegate next) => async connection =>
    {
        using Handshake handshake = new(this);
        if (Interlocked.Increment(ref _underWay) <= max)
        {
            connection.Features.Set(handshake);
            await next(connection);
        }
    };

    internal static ConnectionDelegate End(ConnectionDelegate next) => connection =>
    {
        connection.Features.Get<Handshake>()!.Dispose();
        return next(connection);
    };

    // One that is under way until it is disposed of, first when it has succeeded, then at the end of its connection.
    private sealed class Handshake(TlsHandshakes all) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                Interlocked.Decrement(ref all._underWay);
            }
        }
    }
}
