using System.Net.WebSockets;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>A socket that is stale, and one that is used from another thread than its loop's.</summary>
public sealed class ThreadTests
{
    [Fact]
    public async Task AStaleSocketDoesNothingAndAnswersRefused()
    {
        Keeping keeping = new();
        await using ServerRig rig = ServerRig.Start(server => server.Map("/", keeping), new() { Loops = 1 });
        ClientWebSocket first = await rig.ConnectAsync("/");
        await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        await rig.UntilAsync(() => keeping.Stale is not null);
        ClientWebSocket second = await rig.ConnectAsync("/"); // in the same row
        await rig.SendAsync(second, "use the stale one");
        Assert.Equal("Refused Refused Refused Refused False False", await rig.ReadAsync(second));
        Assert.NotEqual(keeping.Stale, keeping.Last);
    }

    [Fact]
    public async Task TheDefaultSocketIsStale()
    {
        WebSocket none = default;
        Assert.Equal(SendResult.Refused, none.Send("hello"));
        Assert.False(none.IsOpen);
        none.Close();
        Assert.True(none.Post("hello"));
        await using WebSocketServer server = new();
        Assert.False(new Topic(server).Subscribe(none));
    }

    [Fact]
    public async Task TheLoopsMembersFailLoudlyElsewhere()
    {
        Keeping keeping = new();
        await using ServerRig rig = ServerRig.Start(server => server.Map("/", keeping));
        ClientWebSocket client = await rig.ConnectAsync("/");
        await rig.UntilAsync(() => keeping.Last is not null);
        WebSocket socket = keeping.Last!.Value;
        Assert.Contains("Post", Assert.Throws<InvalidOperationException>(() => socket.Send("hello")).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => socket.Send(SharedMessage.Of(Opcode.Text, "hello"u8)));
        Assert.Throws<InvalidOperationException>(() => socket.SendPart("hello"u8, last: true));
        Assert.Throws<InvalidOperationException>(() => socket.Close());
        Assert.Throws<InvalidOperationException>(socket.Hold);
        Assert.Throws<InvalidOperationException>(() => socket.IsBlocked);
        socket.PostClose(4000, "posted");
        Assert.Null(await rig.ReadAsync(client));
        Assert.Equal(((WebSocketCloseStatus)4000, "posted"), (client.CloseStatus, client.CloseStatusDescription));
    }

    [Fact]
    public async Task WhatOneThreadPostsArrivesInOrder()
    {
        Keeping keeping = new();
        await using ServerRig rig = ServerRig.Start(server => server.Map("/", keeping));
        ClientWebSocket client = await rig.ConnectAsync("/");
        await rig.UntilAsync(() => keeping.Last is not null);
        WebSocket socket = keeping.Last!.Value;
        for (int i = 0; i < 1000; i += 4)
        {
            Assert.True(socket.Post($"{i}"));
            Assert.True(socket.Post(Encoding.UTF8.GetBytes($"{i + 1}")));
            Assert.True(socket.PostText(Encoding.UTF8.GetBytes($"{i + 2}")));
            Assert.True(socket.Post(SharedMessage.Of(Opcode.Text, Encoding.UTF8.GetBytes($"{i + 3}"))));
        }
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal($"{i}", await rig.ReadAsync(client));
        }
    }

    [Fact]
    public async Task PostingIsBoundedAndGoesOnWhenTheLoopDoes()
    {
        using ManualResetEventSlim go = new();
        Keeping keeping = new();
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                server.Map("/", keeping);
                server.Map("/wait", (_, _) => go.Wait());
            },
            new() { Loops = 1, PostedBytesMax = 100_000 });
        ClientWebSocket client = await rig.ConnectAsync("/");
        await rig.UntilAsync(() => keeping.Last is not null);
        await rig.SendAsync(await rig.ConnectAsync("/wait"), "wait");
        WebSocket socket = keeping.Last!.Value;
        byte[] message = new byte[1000];
        int posted = 0;
        while (socket.Post(message))
        {
            posted++;
        }
        Assert.InRange(posted, 88, 1_000_000); // the loop may have done some before it began to wait
        Assert.False(socket.Post(message));
        go.Set();
        await rig.UntilAsync(() => socket.Post("end"));
        while (await rig.ReadAsync(client) is { } read && read != "end")
        {
            Assert.Equal(1000, read.Length);
            posted--;
        }
        Assert.Equal(0, posted);
    }

    private sealed class Keeping : WebSocketHandler
    {
        internal WebSocket? Last { get; private set; }

        internal WebSocket? Stale { get; private set; }

        public override void Opened(WebSocket socket, Admitted admitted) => Last = socket;

        public override void Received(WebSocket socket, ReceivedMessage message)
        {
            WebSocket stale = Stale!.Value;
            stale.Hold();
            stale.Resume();
            stale.Close();
            SendResult[] results = [stale.Send("x"), stale.Send("x"u8), stale.SendPart("x"u8, last: true), stale.Send(SharedMessage.Of(Opcode.Text, "x"u8))];
            socket.Send($"{string.Join(' ', results)} {stale.IsOpen} {stale.IsBlocked}");
        }

        public override void Closed(WebSocket socket, ushort code) => Stale ??= socket;
    }
}
