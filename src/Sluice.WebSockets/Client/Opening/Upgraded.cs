using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>A transport on which the opening handshake was done.</summary>
/// <param name="Stream">Its bytes; disposing it ends the connection.</param>
/// <param name="Agreement">What was agreed.</param>
/// <param name="Buffer">Where to read on: between <paramref name="UnreadAt"/> and <paramref name="UnreadEnd"/> lie the first
/// frames, if they came with the answer.</param>
/// <param name="UnreadAt">See <paramref name="Buffer"/>.</param>
/// <param name="UnreadEnd">See <paramref name="Buffer"/>.</param>
internal sealed record Upgraded(Stream Stream, HandshakeAgreement Agreement, byte[] Buffer, int UnreadAt = 0, int UnreadEnd = 0) : IDisposable
{
    /// <summary>How much is read at once.</summary>
    internal const int BufferBytes = 16 * 1024;

    /// <summary>What lives as long as the stream, if anything does.</summary>
    internal IDisposable? Owner { get; init; }

    public void Dispose()
    {
        Stream.Dispose();
        Owner?.Dispose();
    }
}
