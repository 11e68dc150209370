using System.Net.WebSockets;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>Publishing to many sockets of several loops.</summary>
public sealed class TopicTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryoneGetsEverythingInOnePublishersOrder(bool deflate)
    {
        const int Sockets = 500;
        const int Publishers = 3;
        const int Each = 100;
        Room room = new();
        await using ServerRig rig = ServerRig.Start(room.Map, new() { Loops = 3, Deflate = deflate ? new() : null });
        ClientWebSocket[] clients = new ClientWebSocket[Sockets];
        for (int i = 0; i < Sockets; i++)
        {
            clients[i] = await rig.ConnectAsync("/room", options => options.DangerousDeflateOptions = deflate ? new() : null);
        }
        await rig.UntilAsync(() => room.Topic.Count == Sockets);
        Task[] publishing = [.. Enumerable.Range(0, Publishers).Select(publisher => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                string text = $"{publisher} {i} " + new string('x', 200);
                while (!room.Topic.Publish(text))
                {
                    Thread.Yield();
                }
            }
        }))];
        string[]? first = null;
        foreach (ClientWebSocket client in clients)
        {
            string[] got = new string[Publishers * Each];
            for (int i = 0; i < got.Length; i++)
            {
                got[i] = (await rig.ReadAsync(client))!;
            }
            first ??= got;
            Assert.Equal(first, got); // one order for all
        }
        await Task.WhenAll(publishing);
        for (int publisher = 0; publisher < Publishers; publisher++)
        {
            Assert.Equal(Enumerable.Range(0, Each), first!.Where(text => text[0] == '0' + publisher).Select(static text => int.Parse(text.Split(' ')[1], null)));
        }
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task WhoClosesOrUnsubscribesGetsNoMore()
    {
        Room room = new();
        await using ServerRig rig = ServerRig.Start(room.Map, new() { Loops = 1 }); // on several a subscription may be in time for what is under way
        ClientWebSocket[] clients = [await rig.ConnectAsync("/room"), await rig.ConnectAsync("/room"), await rig.ConnectAsync("/room")];
        await rig.UntilAsync(() => room.Topic.Count == 3);
        await clients[0].CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        await rig.UntilAsync(() => room.Topic.Count == 2);
        await rig.SendAsync(clients[1], "leave");
        Assert.Equal("left", await rig.ReadAsync(clients[1]));
        Assert.Equal(1, room.Topic.Count);
        Assert.True(room.Topic.Publish("for the third"u8));
        Assert.Equal("for the third", await rig.ReadAsync(clients[2]));
        await rig.SendAsync(clients[1], "join");
        Assert.Equal("joined", await rig.ReadAsync(clients[1]));
        Assert.True(room.Topic.Publish(SharedMessage.Of(Opcode.Text, "for two"u8)));
        Assert.Equal("for two", await rig.ReadAsync(clients[1]));
        Assert.Equal("for two", await rig.ReadAsync(clients[2]));
    }

    [Fact]
    public async Task ASocketMayFollowManyTopicsAndLeavesThemAll()
    {
        Topic[] topics = [];
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                topics = [.. Enumerable.Range(0, Topic.PerSocketMax + 1).Select(_ => new Topic(server))];
                server.MapAsync("/all", async (socket, cancellation) =>
                {
                    while (await socket.ReadAsync(cancellation) is { } message)
                    {
                        foreach (Topic topic in topics)
                        {
                            Assert.True(message.Text == "join" ? topic.Subscribe(socket) : topic.Unsubscribe(socket));
                        }
                        await socket.SendAsync(message, cancellation);
                    }
                });
            },
            new() { Loops = 2 });
        ClientWebSocket client = await rig.ConnectAsync("/all");
        foreach (string act in (string[])["join", "leave", "join"])
        {
            await rig.SendAsync(client, act);
            Assert.Equal(act, await rig.ReadAsync(client));
            await rig.UntilAsync(() => topics.Sum(static topic => topic.Count) == (act == "join" ? Topic.PerSocketMax : 0));
        }
        Assert.True(topics[0].Publish("first"));
        Assert.Equal("first", await rig.ReadAsync(client));
        Assert.True(topics[^2].Publish("last"));
        Assert.Equal("last", await rig.ReadAsync(client));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        await rig.UntilAsync(() => topics.All(static topic => topic.Count == 0));
    }

    [Fact]
    public async Task WhatIsPublishedAfterASubscriptionReturnedArrives()
    {
        const int Rounds = 200;
        Topic topic = null!;
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                topic = new Topic(server);
                server.MapAsync("/late", async (socket, cancellation) =>
                {
                    Assert.True(topic.Subscribe(socket));
                    Assert.True(topic.Publish($"{socket.Admitted.Claims}"));
                    Assert.Null(await socket.ReadAsync(cancellation));
                }, new() { Judge = Name });
            },
            new() { Loops = 3 });
        for (int i = 0; i < Rounds; i++)
        {
            ClientWebSocket client = await rig.ConnectAsync($"/late?{i}");
            Assert.Equal($"{i}", await rig.ReadAsync(client));
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        }
    }

    [Fact]
    public async Task PublishingIsBoundedWhileALoopIsBusy()
    {
        using ManualResetEventSlim go = new();
        Room room = new();
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                room.Map(server);
                server.Map("/block", (_, _) => go.Wait());
            },
            new() { Loops = 1 });
        ClientWebSocket client = await rig.ConnectAsync("/room");
        await rig.UntilAsync(() => room.Topic.Count == 1);
        await rig.SendAsync(await rig.ConnectAsync("/block"), "block");
        int published = 0;
        while (room.Topic.Publish($"{published}"))
        {
            published++;
        }
        Assert.InRange(published, Topic.PendingMax, int.MaxValue);
        go.Set();
        for (int i = 0; i < published; i++)
        {
            Assert.Equal($"{i}", await rig.ReadAsync(client));
        }
        Assert.True(room.Topic.Publish("more"));
        Assert.Equal("more", await rig.ReadAsync(client));
    }

    [Fact]
    public async Task ASocketOfAnotherServerIsRefusedLoudly()
    {
        Room one = new();
        Room other = new();
        await using ServerRig first = ServerRig.Start(one.Map);
        await using ServerRig second = ServerRig.Start(other.Map);
        await first.ConnectAsync("/room");
        await first.UntilAsync(() => one.Topic.Count == 1);
        Assert.Throws<ArgumentException>(() => other.Topic.Subscribe(one.Last));
    }

    [Fact]
    public async Task WithoutListenersPublishingIsNothing()
    {
        await using WebSocketServer server = new();
        Topic topic = new(server);
        for (int i = 0; i < 10 * Topic.PendingMax; i++)
        {
            Assert.True(topic.Publish("anyone?"));
        }
        Assert.Equal(0, topic.Count);
    }

    private static HandshakeVerdict Name(in HandshakeRequest request, out object? claims)
    {
        claims = Encoding.ASCII.GetString(request.Query);
        return HandshakeVerdict.Accept;
    }

    private sealed class Room : WebSocketHandler
    {
        internal Topic Topic { get; private set; } = null!;

        internal WebSocket Last { get; private set; }

        internal void Map(WebSocketServer server)
        {
            Topic = new Topic(server);
            server.Map("/room", this);
        }

        public override void Opened(WebSocket socket, Admitted admitted)
        {
            Last = socket;
            Assert.True(Topic.Subscribe(socket));
            Assert.True(Topic.Subscribe(socket)); // twice is once
        }

        public override void Received(WebSocket socket, ReceivedMessage message)
        {
            bool leaves = message.Text == "leave";
            Assert.True(leaves ? Topic.Unsubscribe(socket) : Topic.Subscribe(socket));
            socket.Send(leaves ? "left" : "joined");
        }
    }
}
