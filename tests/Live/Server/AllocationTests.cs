using System.Net.WebSockets;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>What a loop's thread allocates, counted there from one callback to a later one: kernel calls, handler and answer included.</summary>
public sealed class AllocationTests
{
    private const int Warm = 300;
    private const int Counted = 300;

    [Fact]
    public async Task AMessageAndItsAnswersCostNothing()
    {
        Counting counting = new(static (socket, message) =>
        {
            socket.Send("seen");
            socket.Send(message);
        });
        await using ServerRig rig = ServerRig.Start(server => server.Map("/", counting), new() { Loops = 1 });
        ClientWebSocket client = await rig.ConnectAsync("/");
        for (int i = 0; i < Warm + Counted; i++)
        {
            await rig.SendAsync(client, "hello");
            Assert.Equal("seen", await rig.ReadAsync(client));
            Assert.Equal("hello", await rig.ReadAsync(client));
        }
        Assert.Equal(0, counting.Allocated[^1] - counting.Allocated[Warm]);
    }

    [Fact]
    public async Task APublicationCostsTheSameHoweverManyGetIt()
    {
        List<long> perPublication = [];
        foreach (int members in (int[])[1, 40])
        {
            Topic topic = null!;
            Counting counting = new((_, message) => topic.Publish(message));
            await using ServerRig rig = ServerRig.Start(
                server =>
                {
                    topic = new Topic(server);
                    server.Map("/publish", counting);
                    server.Map("/member", new Subscribing(topic));
                },
                new() { Loops = 1 });
            List<ClientWebSocket> clients = [];
            for (int i = 0; i < members; i++)
            {
                clients.Add(await rig.ConnectAsync("/member"));
            }
            await rig.UntilAsync(() => topic.Count == members);
            ClientWebSocket publisher = await rig.ConnectAsync("/publish");
            for (int i = 0; i < Warm + Counted; i++)
            {
                await rig.SendAsync(publisher, "news for all");
                foreach (ClientWebSocket client in clients)
                {
                    Assert.Equal("news for all", await rig.ReadAsync(client));
                }
            }
            perPublication.Add((counting.Allocated[^1] - counting.Allocated[Warm]) / (Counted - 1));
        }
        Assert.Equal(perPublication[0], perPublication[1]);
        Assert.InRange(perPublication[0], 1, 400);
    }

    /// <summary>Notes at each message what its thread had allocated by then.</summary>
    private sealed class Counting(MessageReceived act) : WebSocketHandler<int>
    {
        internal long[] Allocated { get; } = new long[Warm + Counted];

        public override void Received(WebSocket socket, ref int count, ReceivedMessage message)
        {
            Allocated[count++] = GC.GetAllocatedBytesForCurrentThread();
            act(socket, message);
        }
    }

    private sealed class Subscribing(Topic topic) : WebSocketHandler
    {
        public override void Opened(WebSocket socket, Admitted admitted) => topic.Subscribe(socket);
    }
}
