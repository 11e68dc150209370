using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Bench.Server;

/// <summary>Whoever connects gets everything that is published: 100 bytes, or the next line of a data file.</summary>
internal sealed class Feed(EventLoop loop, string? dataDirectory) : Endpoint("/feed")
{
    private const int SmallBytes = 100;

    private readonly Audience _audience = new(loop);
    private readonly byte[] _small = [.. Enumerable.Repeat((byte)'x', SmallBytes)];
    private readonly Dictionary<string, Source> _sources = [];

    /// <summary>How many times anything was compressed.</summary>
    internal long CompressionCount => _sources.Values.Sum(static source => source.Encoder.CompressionCount);

    /// <summary>Publishes a small message, or the next of a file.</summary>
    internal void Publish(string? name) =>
        _audience.Publish(name is null ? SharedMessage.Of(Opcode.Text, _small) : SourceOf(name).Next(loop.Buffers));

    public override void Opened(Handle connection) => _audience.Add(connection);

    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
    }

    public override void Closed(Handle connection, ushort code) => _audience.Remove(connection);

    private Source SourceOf(string name)
    {
        if (!_sources.TryGetValue(name, out Source? source))
        {
            byte[][] lines = [.. File.ReadLines($"{dataDirectory}/{name}.jsonl").Select(Encoding.UTF8.GetBytes)];
            _sources.Add(name, source = new Source(lines, new MessageEncoder(loop.Deflater)));
        }
        return source;
    }

    /// <summary>The messages of a file, again from the first after the last.</summary>
    private sealed class Source(byte[][] lines, MessageEncoder encoder)
    {
        private int _next;

        internal MessageEncoder Encoder => encoder;

        internal SharedMessage Next(Buffers buffers) => encoder.Encode(Opcode.Text, lines[_next++ % lines.Length], buffers);
    }
}
