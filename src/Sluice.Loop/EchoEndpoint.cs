using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Sends every message back: the smallest endpoint, for measuring and for trying a connection.</summary>
public sealed class EchoEndpoint(EventLoop loop, string path) : Endpoint(path)
{
    /// <inheritdoc/>
    public override void Opened(Handle connection)
    {
    }

    /// <inheritdoc/>
    public override void Received(Handle connection, Opcode opcode, Span<byte> message) => loop.Send(connection, opcode, message);

    /// <inheritdoc/>
    public override void Closed(Handle connection, ushort code)
    {
    }
}
