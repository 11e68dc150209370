using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>Who is let in, and what is known of him.</summary>
public sealed class OpeningTests
{
    private static readonly WebSocketPathOptions s_guarded = new() { Judge = Judge, Subprotocols = ["v2", "v1"] };

    [Fact]
    public async Task TheClientsAddressIsKnown()
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/callback", static (socket, _) => socket.Send($"{socket.RemoteAddress}"));
            server.MapAsync("/await", static async (socket, cancellation) =>
            {
                await socket.ReadAsync(cancellation);
                await socket.SendAsync($"{socket.RemoteAddress}", cancellation);
            });
        });
        foreach (string path in (string[])["/callback", "/await"])
        {
            ClientWebSocket client = await rig.ConnectAsync(path);
            await rig.SendAsync(client, "who am I?");
            Assert.Equal("127.0.0.1", await rig.ReadAsync(client));
        }
    }

    [Fact]
    public async Task WhatIsServedNowhereIsNotFound()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.Map("/here", static (_, _) => { }));
        Assert.Equal(404, await rig.StatusOfAsync("/there"));
        Assert.Equal(404, await rig.StatusOfAsync("/here/"));
    }

    [Theory]
    [InlineData("/handler")]
    [InlineData("/await")]
    public async Task AJudgeLetsInAndItsClaimsAreKept(string path)
    {
        await using ServerRig rig = ServerRig.Start(MapGuarded);
        ClientWebSocket client = await rig.ConnectAsync($"{path}?ticket=anna", static options =>
        {
            options.AddSubProtocol("v1");
            options.AddSubProtocol("v2");
        });
        Assert.Equal("anna speaks v2", await rig.ReadAsync(client));
        Assert.Equal("v2", client.SubProtocol);
    }

    [Fact]
    public async Task AJudgeRefusesWithItsStatus()
    {
        await using ServerRig rig = ServerRig.Start(MapGuarded);
        Assert.Equal(401, await rig.StatusOfAsync("/handler"));
        Assert.Equal(403, await rig.StatusOfAsync("/handler?ticket=eve"));
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AJudgeThatFailsRefuses()
    {
        await using ServerRig rig = ServerRig.Start(MapGuarded);
        Assert.Equal(500, await rig.StatusOfAsync("/handler?ticket=throw"));
        Assert.Equal(500, await rig.StatusOfAsync("/handler?ticket=odd"));
        Assert.Equal(2, rig.Errors.Count);
    }

    [Fact]
    public async Task AServerIsStartedOnceAndMappedBefore()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.Map("/", static (_, _) => { }));
        Assert.Throws<InvalidOperationException>(rig.Server.Start);
        Assert.Throws<InvalidOperationException>(() => rig.Server.Map("/late", static (_, _) => { }));
        WebSocketServer second = new(new() { EndPoint = rig.Server.EndPoint });
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(second.Start).SocketErrorCode);
        Assert.Throws<InvalidOperationException>(() => second.EndPoint);
        await second.DisposeAsync();
    }

    [Theory]
    [InlineData("")]
    [InlineData("chat")]
    [InlineData("/a b")]
    [InlineData("/a?b")]
    [InlineData("/ü")]
    public void APathIsOneOfARequestLine(string path)
    {
        WebSocketServer server = new();
        Assert.Throws<ArgumentException>(() => server.Map(path, static (_, _) => { }));
    }

    [Fact]
    public void AnOptionOutOfItsRangeIsRefusedByName()
    {
        Assert.Equal("Loops", Assert.Throws<ArgumentOutOfRangeException>(static () => new WebSocketServer(new() { Loops = 0 })).ParamName);
        Assert.Equal("InboxBytesMax", Assert.Throws<ArgumentOutOfRangeException>(static () => new WebSocketServer(new() { InboxBytesMax = 0 })).ParamName);
        Assert.Throws<ArgumentException>(static () => new WebSocketServer(new() { Subprotocols = ["chat v1"] }));
        Assert.Throws<ArgumentException>(static () => new WebSocketServer(new() { Subprotocols = ["chat", "chat"] }));
        WebSocketServer server = new();
        server.Map("/a", static (_, _) => { });
        Assert.Throws<ArgumentException>(() => server.Map("/a", static (_, _) => { }));
    }

    [Fact]
    public async Task OriginsAreThePathsOwn()
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/own", static (_, _) => { });
            server.Map("/any", static (socket, message) => socket.Send(message), new() { Policy = HandshakePolicy.AnyOrigin });
        });
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync("/own", FromElsewhere));
        ClientWebSocket client = await rig.ConnectAsync("/any", FromElsewhere);
        await rig.SendAsync(client, "hello");
        Assert.Equal("hello", await rig.ReadAsync(client));
    }

    [Fact]
    public async Task APathsOptionsBeginWithTheServers()
    {
        await using ServerRig rig = ServerRig.Start(
            static server => server.Map("/", static (socket, message) => socket.Send(message), server.Options with { Subprotocols = ["v1"] }),
            new() { Loops = 1, Limits = new WebSocketLimits { MessageBytesMax = 3 } });
        ClientWebSocket client = await rig.ConnectAsync("/", static options => options.AddSubProtocol("v1"));
        await rig.SendAsync(client, "123");
        Assert.Equal("123", await rig.ReadAsync(client));
        await rig.SendAsync(client, "1234");
        Assert.Null(await rig.ReadAsync(client));
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
    }

    private static void FromElsewhere(ClientWebSocketOptions options) => options.SetRequestHeader("Origin", "https://elsewhere.example");

    private static void MapGuarded(WebSocketServer server)
    {
        server.Map("/handler", new Greeting(), s_guarded);
        server.MapAsync("/await", static async (socket, cancellation) =>
        {
            await socket.SendAsync(Greeting.For(socket.Admitted), cancellation);
            Assert.Null(await socket.ReadAsync(cancellation));
        }, s_guarded);
    }

    private static HandshakeVerdict Judge(in HandshakeRequest request, out object? claims)
    {
        string query = Encoding.ASCII.GetString(request.Query);
        claims = query.Split('=').Last();
        return query switch
        {
            "" => new(401, "A ticket is needed."),
            "ticket=eve" => new(403, "Not you."),
            "ticket=odd" => new(200, "Fine?"),
            "ticket=throw" => throw new IOException("no tickets today"),
            _ => HandshakeVerdict.Accept,
        };
    }

    private sealed class Greeting : WebSocketHandler
    {
        public override void Opened(WebSocket socket, Admitted admitted) => socket.Send(For(admitted));

        internal static string For(Admitted admitted) => $"{admitted.Claims} speaks {admitted.Subprotocol}";
    }
}
