using System.Buffers.Binary;
using System.Text;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Hardening;

/// <summary>Line 19: what is wrong on one stream of HTTP/2 is the end of that stream, and no other notices.</summary>
public sealed class Http2StreamTests : IAsyncLifetime
{
    private const int StreamsMax = 100; // Kestrel's

    private Server _server = null!;

    private enum Kind : byte
    {
        Data = 0,
        Headers = 1,
        Reset = 3,
        Settings = 4,
    }

    public async ValueTask InitializeAsync() => _server = await Server.StartAsync(Carriage.Kestrel);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Hardening19_A_refusal_or_a_violation_ends_the_stream_and_not_the_connection()
    {
        using Peer peer = Begin();
        Connect(peer, 1);
        Connect(peer, 3, ("origin", "http://elsewhere"));
        Connect(peer, 5, ("sec-websocket-extensions", "a;="));
        Connect(peer, 7);
        ReadUntilEnd(peer, 3, 5);
        Write(peer, Kind.Data, 7, [0x83, 0x80, 0, 0, 0, 0]);
        byte[] close = ReadUntilEnd(peer, 7);
        Assert.Equal([0x88, 0x03, 0xEA], [close[0], close[2], close[3]]);

        Write(peer, Kind.Data, 1, Wire.Frame(Opcode.Text, "still here"u8));
        Assert.Equal("\x81\x0Astill here", Encoding.Latin1.GetString(Read(peer, Kind.Data, 1).Payload));
        peer.Dispose();
        await _server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening19_END_STREAM_is_the_peers_FIN_and_a_reset_its_end()
    {
        using Peer peer = Begin();
        Connect(peer, 1);
        Read(peer, Kind.Headers, 1);
        Write(peer, Kind.Data, 1, Wire.Frame(Opcode.Close, [0x03, 0xE8]), flags: 1);
        Assert.Equal([0x88, 0x02, 0x03, 0xE8], ReadUntilEnd(peer, 1));
        Connect(peer, 3);
        Read(peer, Kind.Headers, 3);
        Write(peer, Kind.Reset, 3, [0, 0, 0, 8]); // CANCEL
        await _server.ExpectNothingLeftAsync();
    }

    [Fact]
    public async Task Hardening19_One_connection_has_so_many_streams()
    {
        using Peer peer = Begin();
        for (int i = 0; i < StreamsMax; i++)
        {
            Connect(peer, (2 * i) + 1);
            Read(peer, Kind.Headers, (2 * i) + 1);
        }
        Connect(peer, (2 * StreamsMax) + 1);
        Assert.Equal([0, 0, 0, 7], Read(peer, Kind.Reset, (2 * StreamsMax) + 1).Payload); // REFUSED_STREAM
        Write(peer, Kind.Data, 1, Wire.Frame(Opcode.Text, "still here"u8));
        Assert.Equal("\x81\x0Astill here", Encoding.Latin1.GetString(Read(peer, Kind.Data, 1).Payload));
        peer.Dispose();
        await _server.ExpectNothingLeftAsync();
    }

    private Peer Begin()
    {
        Peer peer = new(_server.Http2);
        peer.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        Write(peer, Kind.Settings, 0, []);
        return peer;
    }

    private static void Connect(Peer peer, int stream, params (string Name, string Value)[] further)
    {
        List<byte> block = [];
        foreach ((string name, string value) in ((string, string)[])[
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", Wire.Path), (":authority", "localhost"),
            ("sec-websocket-version", "13"), .. further])
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)]); // RFC 7541, 6.2.2
        }
        Write(peer, Kind.Headers, stream, [.. block], flags: 4); // END_HEADERS
    }

    private static void Write(Peer peer, Kind kind, int stream, byte[] payload, byte flags = 0)
    {
        byte[] header = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)kind, flags, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(5), stream);
        peer.Send([.. header, .. payload]);
    }

    private static (Kind Kind, byte Flags, int Stream, byte[] Payload) Read(Peer peer)
    {
        byte[] header = peer.ReadExactly(9);
        byte[] payload = peer.ReadExactly((header[0] << 16) | (header[1] << 8) | header[2]);
        return ((Kind)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
    }

    // The next such frame of a stream, whatever comes before it.
    private static (Kind Kind, byte Flags, int Stream, byte[] Payload) Read(Peer peer, Kind kind, int stream)
    {
        (Kind Kind, byte Flags, int Stream, byte[] Payload) frame = Read(peer);
        while (frame.Kind != kind || frame.Stream != stream)
        {
            frame = Read(peer);
        }
        return frame;
    }

    // The data of some streams until END_STREAM of each; what other streams say meanwhile is dropped.
    private static byte[] ReadUntilEnd(Peer peer, params int[] streams)
    {
        HashSet<int> open = [.. streams];
        List<byte> data = [];
        while (open.Count > 0)
        {
            (Kind kind, byte flags, int stream, byte[] payload) = Read(peer);
            Assert.False(kind == Kind.Reset && open.Contains(stream), $"stream {stream} was reset before its end");
            data.AddRange(open.Contains(stream) && kind == Kind.Data ? payload : []);
            if (kind is Kind.Data or Kind.Headers && (flags & 1) != 0)
            {
                open.Remove(stream);
            }
        }
        return [.. data];
    }
}
