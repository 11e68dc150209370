namespace Sluice.Bench.Codecs;

/// <summary>One way to compress and to inflate messages of permessage-deflate. A context is used for all of them.</summary>
internal abstract class Codec(string name) : IDisposable
{
    internal string Name { get; } = name;

    /// <summary>Compresses a message behind a history.</summary>
    /// <returns>How many bytes go on the wire, in <paramref name="destination"/>.</returns>
    internal abstract int Deflate(byte[] history, byte[] message, byte[] destination);

    /// <summary>Inflates the next message of one run of messages, which look back at each other.</summary>
    /// <returns>How many bytes, in <paramref name="plain"/>.</returns>
    internal abstract int Inflate(byte[] compressed, byte[] plain);

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
