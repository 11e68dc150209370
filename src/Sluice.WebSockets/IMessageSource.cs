namespace Sluice.WebSockets;

/// <summary>From where a <see cref="WebSocketMessageStream"/> has its bytes: a client, or a server's socket.</summary>
internal interface IMessageSource
{
    /// <summary>Reads on in a message.</summary>
    /// <returns>Its next piece, valid until the next read.</returns>
    ValueTask<Arrival> ReadOnAsync(WebSocketMessageStream stream, CancellationToken cancellationToken);
}
