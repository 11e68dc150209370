using Microsoft.AspNetCore.Connections;

namespace Sluice.AspNetCore;

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
