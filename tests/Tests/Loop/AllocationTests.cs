using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.Tests.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>What a loop allocates once it is warm: nothing for a message, a delivery or a handshake.</summary>
[Collection(Allocation.Collection)]
public sealed class AllocationTests
{
    private const string Offer = "permessage-deflate";
    private const int Rounds = 100;
    private const int Members = 100;

    private static readonly DeflateOptions s_deflate = new() { MessageBytesMin = 100 };
    private static readonly string s_json = string.Concat(Enumerable.Range(0, 30).Select(static i => $$"""{"symbol":"S{{i % 7}}","price":{{i * 31}}},"""));

    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(16_000)]
    public void An_echo_allocates_nothing(int bytes)
    {
        Echo echo = new();
        byte[] frame = Frame(new byte[bytes], compressed: false);
        Allocation.IsNone(Rounds, () => echo.Round(frame));
        Assert.Equal(1 + (2 * Rounds), echo.System.SendCount);
    }

    [Fact]
    public void An_echo_of_a_message_in_pieces_allocates_nothing()
    {
        Echo echo = new();
        byte[] frame = Frame(new byte[50_000], compressed: false);
        Allocation.IsNone(Rounds, () =>
        {
            echo.Round(frame.AsSpan(0, 3));
            echo.Round(frame.AsSpan(3, 20_000));
            echo.Round(frame.AsSpan(20_003));
        });
    }

    [Fact]
    public void A_compressed_echo_allocates_nothing()
    {
        Echo echo = new(Offer);
        byte[] frame = Frame(Encoding.ASCII.GetBytes(s_json), compressed: true);
        echo.Round(frame);
        Assert.Equal(s_json, Assert.Single(echo.System.Messages(echo.Socket, echo.Deflate)));
        echo.System.Remembers = false;
        Allocation.IsNone(Rounds, () => echo.Round(frame));
    }

    [Fact]
    public void An_echo_to_a_peer_that_is_behind_allocates_nothing()
    {
        Echo echo = new();
        byte[] frame = Frame(new byte[1000], compressed: false);
        Allocation.IsNone(Rounds, () =>
        {
            echo.System.Limit(echo.Socket, 500);
            for (int i = 0; i < 5; i++)
            {
                echo.Round(frame);
            }
            echo.System.Unblock(echo.Socket);
            echo.Turn(3);
        });
    }

    [Fact]
    public void A_delivery_to_an_audience_allocates_nothing()
    {
        (LoopRig rig, Audience audience) = Gather(null);
        SharedMessage message = SharedMessage.Of(Opcode.Text, Encoding.ASCII.GetBytes(s_json));
        Allocation.IsNone(Rounds, () => Publish(rig, audience, message));
    }

    [Fact]
    public void A_compressed_delivery_allocates_nothing_and_a_publication_its_entry()
    {
        const int EntryOverheadBytes = 512; // the message, its variants, their arrays' headers
        (LoopRig rig, Audience audience) = Gather(Offer);
        MessageEncoder encoder = new(rig.Loop.Deflater);
        byte[] payload = Encoding.ASCII.GetBytes(s_json);
        long deliveries = 0;
        long excess = 0;
        for (int i = 0; i < 3 * Rounds; i++)
        {
            bool isWarm = i >= 2 * Rounds;
            long start = GC.GetAllocatedBytesForCurrentThread();
            SharedMessage message = encoder.Encode(Opcode.Text, payload, rig.Loop.Buffers);
            long encoded = GC.GetAllocatedBytesForCurrentThread();
            Publish(rig, audience, message);
            long delivered = GC.GetAllocatedBytesForCurrentThread();
            deliveries += isWarm ? delivered - encoded : 0;
            excess = isWarm ? Math.Max(excess, encoded - start - message.Bytes) : 0;
        }
        Assert.True(encoder.CompressionCount > 2 * Rounds, $"{encoder.CompressionCount} compressions");
        Assert.Equal(0, deliveries);
        Assert.InRange(excess, 0, EntryOverheadBytes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Offer)]
    public void A_handshake_allocates_nothing(string? extensions)
    {
        const int Warm = 100; // in the first page of every table, which is there then
        LoopRig rig = new(endpoint: static _ => new LoopRig.Recorder { Deflate = s_deflate });
        byte[] request = ScriptedSystem.Request(LoopRig.Recorder.At, extensions);
        rig.System.Remembers = false;
        long allocated = 0;
        for (int i = 0; i < Warm + 50; i++)
        {
            int socket = rig.System.Accept();
            long before = GC.GetAllocatedBytesForCurrentThread();
            rig.Loop.Turn();
            rig.System.Deliver(socket, request);
            rig.Loop.Turn();
            allocated += i < Warm ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(Warm + 50, rig.System.SendCount);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_handshake_byte_by_byte_allocates_nothing()
    {
        const int Warm = 20;
        LoopRig rig = new();
        byte[] request = ScriptedSystem.Request(LoopRig.Recorder.At);
        rig.System.Remembers = false;
        long allocated = 0;
        for (int i = 0; i < Warm + 10; i++)
        {
            int socket = rig.System.Accept();
            long before = GC.GetAllocatedBytesForCurrentThread();
            rig.Loop.Turn();
            foreach (byte b in request)
            {
                rig.System.Deliver(socket, [b]);
                rig.Loop.Turn();
            }
            allocated += i < Warm ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(Warm + 10, rig.System.SendCount);
        Assert.Equal(0, allocated);
    }

    private static (LoopRig Rig, Audience Audience) Gather(string? extensions)
    {
        LoopRig rig = new(endpoint: static _ => new LoopRig.Recorder { Deflate = s_deflate });
        Audience audience = new(rig.Loop);
        for (int i = 0; i < Members; i++)
        {
            audience.Add(rig.Open(extensions).Connection);
        }
        rig.System.Remembers = false;
        return (rig, audience);
    }

    private static void Publish(LoopRig rig, Audience audience, SharedMessage message)
    {
        int before = rig.System.SendCount;
        audience.Publish(message);
        while (rig.System.SendCount < before + Members)
        {
            rig.Loop.Turn();
        }
    }

    private static byte[] Frame(byte[] payload, bool compressed)
    {
        if (compressed)
        {
            byte[] work = new byte[Deflater.BytesMax(payload.Length)];
            payload = work[..new Deflater().Compress(default, payload, DeflateAgreement.WindowBitsMax, work, out _)];
        }
        return Hex.Frame(Opcode.Text, true, payload, compressed: compressed);
    }

    /// <summary>A loop that echoes, and one peer.</summary>
    private sealed class Echo
    {
        private readonly EventLoop _loop;

        internal Echo(string? extensions = null)
        {
            _loop = new EventLoop(System);
            _loop.Serve(new EchoEndpoint(_loop, "/echo") { Deflate = s_deflate });
            Socket = System.Accept();
            Turn(1);
            Round(ScriptedSystem.Request("/echo", extensions));
            System.Remembers = extensions is not null;
        }

        internal ScriptedSystem System { get; } = new();

        internal int Socket { get; }

        internal DeflateAgreement Deflate => new(sendWindowBits: 15, receiveWindowBits: 15, sendFresh: false, receiveFresh: true);

        internal void Round(ReadOnlySpan<byte> bytes)
        {
            System.Deliver(Socket, bytes);
            Turn(2);
        }

        internal void Turn(int times)
        {
            for (int i = 0; i < times; i++)
            {
                _loop.Turn();
            }
        }
    }
}
