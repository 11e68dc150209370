using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Sluice.AspNetCore;

/// <summary>An address of Kestrel's that is no address: connections come to it by <see cref="SharedPort.Offer"/>.</summary>
internal sealed class SharedEndPoint : EndPoint
{
    private readonly string _name;

    internal SharedEndPoint(SharedPort port, string name)
    {
        Port = port;
        _name = name;
    }

    internal SharedPort Port { get; }

    // Bounded by the port, which counts what waits at all its endpoints.
    internal Channel<ConnectionContext> Connections { get; } = Channel.CreateUnbounded<ConnectionContext>();

    /// <inheritdoc/>
    public override string ToString() => _name;
}

/// <summary>The transport of <see cref="SharedEndPoint"/>.</summary>
internal sealed class SharedPortTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is SharedEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new(new Listener((SharedEndPoint)endpoint));

    private sealed class Listener(SharedEndPoint endPoint) : IConnectionListener
    {
        public EndPoint EndPoint => endPoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            endPoint.Port.AcceptAsync(endPoint, cancellationToken);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => endPoint.Port.StopAsync(endPoint);

        public ValueTask DisposeAsync() => endPoint.Port.StopAsync(endPoint);
    }
}
