using System.Buffers.Binary;
using System.Text;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>One connection that opens and resets streams without end is ended, and no other notices.</summary>
public sealed class RapidResetTests
{
    private const int ResetsMax = 100_000;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;

    [Fact]
    public async Task Hardening19_RapidResetsEndTheirConnection()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: true);
        using Peer neighbour = rig.Connect();
        neighbour.Upgrade();
        using Peer peer = rig.Connect(http2: true);
        peer.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        peer.Send(Frame(Settings, 0, []));
        Task<int> flood = Task.Run(() => Flood(peer), TestContext.Current.CancellationToken);
        peer.ReadToEnd(); // GOAWAY, unless the reset that a flood in full flow ends with was faster
        Assert.InRange(await flood, 1, ResetsMax - 1);
        neighbour.SendFrame(Sluice.Protocol.Opcode.Text, "undisturbed"u8);
        Assert.Equal("undisturbed"u8, neighbour.ReadFrame().Payload);
        neighbour.Dispose();
        await rig.ExpectNothingLeftAsync();
    }

    // How many streams the server lets by before it has had enough.
    private static int Flood(Peer peer)
    {
        byte[] head = [.. Field(":method", "CONNECT"), .. Field(":protocol", "websocket"), .. Field(":scheme", "http"), .. Field(":path", KestrelRig.EchoPath),
            .. Field(":authority", "localhost"), .. Field("sec-websocket-version", "13")];
        int resets = 0;
        try
        {
            for (; resets < ResetsMax; resets++)
            {
                int stream = (2 * resets) + 1;
                peer.Send([.. Frame(Headers, stream, head, flags: 4), .. Frame(Reset, stream, [0, 0, 0, 8])]);
            }
        }
        catch (IOException)
        {
            // It has.
        }
        return resets;
    }

    private static byte[] Frame(byte kind, int stream, byte[] payload, byte flags = 0)
    {
        byte[] header = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, kind, flags, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(5), stream);
        return [.. header, .. payload];
    }

    // RFC 7541, 6.2.2: a literal that enters no table.
    private static byte[] Field(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
