using System.Buffers.Binary;
using Sluice.Live.Kestrel;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>A client that does not read: what sending answers, what it gets when it reads again, and who is told.</summary>
public sealed class BackpressureTests
{
    private const int MessageBytes = 16 * 1024;
    private const int UnsentBytesMax = 256 * 1024;
    private const int ReceiveBufferBytes = 4096;

    [Fact]
    public async Task DropNewestRefusesAndWhatWasAcceptedArrives()
    {
        Flood flood = new(until: SendResult.Refused);
        await using ServerRig rig = Start(flood, OverflowPolicy.DropNewest);
        using Peer peer = Connect(rig);
        for (int episode = 1; episode <= 3; episode++)
        {
            peer.SendFrame(Opcode.Text, "go"u8);
            await rig.UntilAsync(() => flood.Floods == episode);
            Assert.Equal(episode - 1, flood.DrainedCount);
            Assert.Equal(SendResult.Sent, flood.Results[0]);
            Assert.InRange(flood.Results.Count(static result => result == SendResult.Queued), UnsentBytesMax / (MessageBytes + FrameHeader.SizeOf(MessageBytes, masked: false)), 100);
            Assert.Equal(1, flood.Results.Count(static result => result == SendResult.Refused));
            for (int i = 0; i < flood.Results.Count - 1; i++)
            {
                Assert.Equal(i, Number(peer.ReadFrame()));
            }
            Assert.Equal("drained"u8, peer.ReadFrame().Payload);
            Assert.Equal(episode, flood.DrainedCount);
        }
        ExpectEcho(peer);
        Assert.Equal(3, flood.DrainedCount);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task DropOldestDropsWholeMessagesAndTheNewestArrives()
    {
        const int Messages = 2000;
        Flood flood = new(count: Messages);
        await using ServerRig rig = Start(flood, OverflowPolicy.DropOldest);
        using Peer peer = Connect(rig);
        peer.SendFrame(Opcode.Text, "go"u8);
        await rig.UntilAsync(() => flood.Floods == 1);
        Assert.DoesNotContain(SendResult.Refused, flood.Results);
        List<int> got = [];
        while (got.Count == 0 || got[^1] < Messages - 1)
        {
            got.Add(Number(peer.ReadFrame()));
        }
        Assert.Equal("drained"u8, peer.ReadFrame().Payload);
        Assert.Equal(got.Order().Distinct(), got);
        Assert.InRange(got.Count, UnsentBytesMax / 2 / MessageBytes, 200);
        Assert.Equal(0, got[0]); // what was begun is not dropped
        Assert.Equal(1, flood.DrainedCount);
        ExpectEcho(peer);
    }

    [Fact]
    public async Task CloseClosesAfterWhatWasAccepted()
    {
        Flood flood = new(until: SendResult.Refused);
        await using ServerRig rig = Start(flood, OverflowPolicy.Close);
        using Peer peer = Connect(rig);
        peer.SendFrame(Opcode.Text, "go"u8);
        await rig.UntilAsync(() => flood.ClosedCode != 0);
        for (int i = 0; i < flood.Results.Count - 1; i++)
        {
            Assert.Equal(i, Number(peer.ReadFrame()));
        }
        (Opcode opcode, byte[] payload) = peer.ReadFrame();
        Assert.Equal((Opcode.Close, CloseCodes.PolicyViolation), (opcode, BinaryPrimitives.ReadUInt16BigEndian(payload)));
        Assert.Equal((ushort)CloseCodes.PolicyViolation, flood.ClosedCode);
        Assert.Equal(0, flood.DrainedCount);
        peer.SendFrame(Opcode.Close, payload.AsSpan(0, 2));
        peer.ExpectEnd();
    }

    [Theory]
    [InlineData(OverflowPolicy.DropNewest)]
    [InlineData(OverflowPolicy.DropOldest)]
    public async Task ATopicsMessagesToAClientThatIsBehindFollowItsPolicy(OverflowPolicy policy)
    {
        const int Messages = 200;
        Topic topic = null!;
        Flood flood = new(count: 0);
        await using ServerRig rig = Start(flood, policy, server =>
        {
            topic = new Topic(server);
            server.MapAsync("/join", async (socket, cancellation) =>
            {
                topic.Subscribe(socket);
                while (await socket.ReadAsync(cancellation) is { } message)
                {
                    await socket.SendAsync(message, cancellation);
                }
            });
        });
        using Peer slow = new(rig.Server.EndPoint, ReceiveBufferBytes);
        slow.Upgrade("/join");
        using Peer quick = new(rig.Server.EndPoint);
        quick.Upgrade("/join");
        await rig.UntilAsync(() => topic.Count == 2);
        for (int i = 0; i < Messages; i++)
        {
            Assert.True(topic.Publish(Message(i)));
            Assert.Equal(i, Number(quick.ReadFrame()));
        }
        slow.SendFrame(Opcode.Text, "end"u8); // read when it is no longer behind
        List<int> got = [];
        for ((Opcode, byte[]) frame = slow.ReadFrame(); frame.Item2.Length > 3; frame = slow.ReadFrame())
        {
            got.Add(Number(frame));
        }
        Assert.Equal(got.Order().Distinct(), got);
        Assert.InRange(got.Count, 4, Messages - 1);
        Assert.Equal(policy == OverflowPolicy.DropOldest, got.Contains(Messages - 1));
    }

    [Fact]
    public async Task TheAwaitStyleWaitsForAClientThatIsBehind()
    {
        int sent = 0;
        await using ServerRig rig = Start(new Flood(count: 0), OverflowPolicy.Close, server => server.MapAsync("/pour", async (socket, cancellation) =>
        {
            while (await socket.SendAsync(Message(sent), cancellation))
            {
                sent++;
            }
        }));
        using Peer peer = new(rig.Server.EndPoint, ReceiveBufferBytes);
        peer.Send(Peer.UpgradeRequest("/pour"));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(i, Number(peer.ReadFrame()));
            Assert.InRange(Volatile.Read(ref sent) - i, -1, 100); // and never was it closed as too slow
        }
        peer.Reset();
    }

    private static ServerRig Start(Flood flood, OverflowPolicy policy, Action<WebSocketServer>? map = null) => ServerRig.Start(
        server =>
        {
            server.Map("/flood", flood);
            server.Map("/echo", static (socket, message) => socket.Send(message));
            map?.Invoke(server);
        },
        new() { Loops = 1, Overflow = policy, LoopOptions = new EventLoopOptions { UnsentBytesMax = UnsentBytesMax } });

    private static Peer Connect(ServerRig rig)
    {
        Peer peer = new(rig.Server.EndPoint, ReceiveBufferBytes);
        peer.Upgrade("/flood");
        return peer;
    }

    private static void ExpectEcho(Peer peer)
    {
        peer.SendFrame(Opcode.Ping, "still there"u8);
        Assert.Equal("still there"u8, peer.ReadFrame().Payload);
    }

    private static byte[] Message(int number)
    {
        byte[] message = new byte[MessageBytes];
        for (int i = 0; i < message.Length; i += sizeof(int))
        {
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(i), number);
        }
        return message;
    }

    // Checks every byte.
    private static int Number((Opcode Opcode, byte[] Payload) frame)
    {
        int number = BinaryPrimitives.ReadInt32LittleEndian(frame.Payload);
        Assert.Equal(Opcode.Binary, frame.Opcode);
        Assert.True(frame.Payload.AsSpan().SequenceEqual(Message(number)), $"message {number} is whole");
        return number;
    }

    /// <summary>Asked by a message it sends numbered ones: so many, or until it is answered so.</summary>
    private sealed class Flood(int count = int.MaxValue, SendResult? until = null) : WebSocketHandler
    {
        private volatile int _floods;
        private volatile int _drained;
        private volatile int _closedCode;

        internal List<SendResult> Results { get; private set; } = [];

        internal int Floods => _floods;

        internal int DrainedCount => _drained;

        internal ushort ClosedCode => (ushort)_closedCode;

        public override void Received(WebSocket socket, ReceivedMessage message)
        {
            List<SendResult> results = [];
            while (results.Count < count && (results.Count == 0 || results[^1] != until))
            {
                results.Add(socket.Send(Message(results.Count)));
            }
            Results = results;
            _floods++;
        }

        public override void Drained(WebSocket socket)
        {
            _drained++;
            socket.Send("drained");
        }

        public override void Closed(WebSocket socket, ushort code) => _closedCode = code;
    }
}
