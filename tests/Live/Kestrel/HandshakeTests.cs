using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>One request line and head, two hosts: who judges must not show.</summary>
public sealed class HandshakeTests(HandshakeTests.Hosts hosts) : IClassFixture<HandshakeTests.Hosts>
{
    private const string Upgrade = "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    private const string Version = "Sec-WebSocket-Version: 13\r\n";
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    private const string Good = Upgrade + Version + Key;

    [Theory]
    [InlineData("GET /echo HTTP/1.1", Good, 101)]
    [InlineData("GET /echo?token=x HTTP/1.1", Good, 101)]
    [InlineData("GET http://localhost/echo HTTP/1.1", Good, 101)]
    [InlineData("get /echo HTTP/1.1", Good, 405)]
    [InlineData("OPTIONS /echo HTTP/1.1", Good, 405)]
    [InlineData("POST /echo HTTP/1.1", Good, 405)]
    [InlineData("PUT /echo HTTP/1.1", "Host: localhost\r\n", 405)]
    [InlineData("GET /echo HTTP/1.0", Good, 505)]
    [InlineData("GET /echo HTTP/1.1", "Host: localhost\r\n", 426)]
    [InlineData("GET /echo HTTP/1.1", "Host: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + Version + Key, 426)]
    [InlineData("GET /echo HTTP/1.1", "Host: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n" + Version + Key, 400)]
    [InlineData("GET /echo HTTP/1.1", "Host: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" + Version + Key, 101)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + Key, 400)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + "Sec-WebSocket-Version: 8\r\n" + Key, 426)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + Version + Version + Key, 400)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + Version, 400)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + Version + Key + Key, 400)]
    [InlineData("GET /echo HTTP/1.1", Upgrade + Version + "Sec-WebSocket-Key: short\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Protocol: good, best\r\n", 101)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Protocol: good\r\nSec-WebSocket-Protocol: best\r\n", 101)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Protocol: good, good\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Protocol: go od\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", 101)]
    [InlineData("GET /echo HTTP/1.1", Good + "Sec-WebSocket-Extensions: permessage-deflate; =\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Origin: http://localhost\r\n", 101)]
    [InlineData("GET /echo HTTP/1.1", Good + "Origin: http://elsewhere\r\n", 403)]
    [InlineData("GET /echo HTTP/1.1", Good + "Origin: null\r\n", 403)]
    [InlineData("GET /echo HTTP/1.1", Good + "Origin: http://localhost\r\nOrigin: http://localhost\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Content-Length: 0\r\n", 101)]
    [InlineData("GET /echo HTTP/1.1", Good + "Content-Length: 1\r\n", 400)]
    [InlineData("GET /echo HTTP/1.1", Good + "Transfer-Encoding: chunked\r\n", 400)]
    public void BothHostsGiveTheSameAnswer(string line, string headers, int status)
    {
        (int Status, string Body) reactor = Ask(hosts.Reactor, line, headers);
        (int Status, string Body) kestrel = Ask(hosts.Kestrel, line, headers);
        Assert.Equal(status, reactor.Status);
        Assert.Equal(reactor, kestrel);
    }

    /// <summary>Kestrel's own parser decides these before an application is asked, mostly alike and in other words.</summary>
    [Theory]
    [InlineData("no host", "GET /echo HTTP/1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n" + Version + Key, 400, 400)]
    [InlineData("two hosts", "GET /echo HTTP/1.1", "Host: localhost\r\n" + Good, 400, 400)]
    [InlineData("another host in the target", "GET http://elsewhere/echo HTTP/1.1", Good, 400, 400)]
    [InlineData("another scheme in the target", "GET ftp://localhost/echo HTTP/1.1", Good, 400, 400)]
    [InlineData("a length that is none", "GET /echo HTTP/1.1", Good + "Content-Length: x\r\n", 400, 400)]
    [InlineData("a space before the colon", "GET /echo HTTP/1.1", Good + "X : y\r\n", 400, 400)]
    [InlineData("an empty name", "GET /echo HTTP/1.1", Good + ": y\r\n", 400, 400)]
    [InlineData("a folded line", "GET /echo HTTP/1.1", Good + "X: a\r\n b\r\n", 400, 400)]
    [InlineData("a NUL", "GET /echo HTTP/1.1", Good + "X: a\0b\r\n", 400, 400)]
    [InlineData("two spaces", "GET  /echo HTTP/1.1", Good, 400, 400)]
    [InlineData("no version", "GET /echo", Good, 400, 400)]
    [InlineData("a later version", "GET /echo HTTP/1.2", Good, 505, 505)]
    [InlineData("a bare LF", "GET /echo HTTP/1.1", Good + "X: a\n", 400, 101)]
    [InlineData("a control character", "GET /echo HTTP/1.1", Good + "X: a\u0001b\r\n", 400, 400)]
    [InlineData("a control character in the target", "GET /echo?\u0001 HTTP/1.1", Good, 400, 400)]
    [InlineData("a version in lower case", "GET /echo http/1.1", Good, 400, 505)]
    [InlineData("two spaces before the version", "GET /echo  HTTP/1.1", Good, 400, 101)]
    [InlineData("an empty line first", "\r\nGET /echo HTTP/1.1", Good, 400, 101)]
    [InlineData("Latin-1 text", "GET /echo HTTP/1.1", Good + "X: \u00e9\r\n", 101, 400)]
    [InlineData("a comma in the host", "GET /echo HTTP/1.1", "Host: a,b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + Version + Key, 101, 400)]
    [InlineData("a host with a colon and no port", "GET /echo HTTP/1.1", "Host: a:\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + Version + Key, 101, 400)]
    [InlineData("the scheme in capitals", "GET HTTP://localhost/echo HTTP/1.1", Good, 101, 400)]
    [InlineData("a length of zero in another spelling", "GET /echo HTTP/1.1", Good + "Content-Length: 00\r\n", 400, 101)]
    [InlineData("a length of zero twice", "GET /echo HTTP/1.1", Good + "Content-Length: 0\r\nContent-Length: 0\r\n", 101, 400)]
    [InlineData("a tab in Connection", "GET /echo HTTP/1.1", "Host: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive,\tUpgrade\r\n" + Version + Key, 101, 400)]
    [InlineData("a fragment", "GET /echo#x HTTP/1.1", Good, 400, 404)]
    [InlineData("a path that is not written as it is served", "GET /%65cho HTTP/1.1", Good, 400, 101)]
    [InlineData("a path in other letters", "GET /Echo HTTP/1.1", Good, 400, 101)]
    public void KestrelsParserDecidesFirst(string what, string line, string headers, int reactor, int kestrel)
    {
        Assert.Equal((what, reactor, kestrel), (what, Ask(hosts.Reactor, line, headers).Status, Ask(hosts.Kestrel, line, headers).Status));
    }

    [Fact]
    public void BothHostsHaveTheSameLimits()
    {
        string longValue = Good + "X: " + new string('a', 8200) + "\r\n";
        string manyLines = Good + string.Concat(Enumerable.Repeat("X: y\r\n", 100));
        string longTarget = "GET /echo?" + new string('a', 5000) + " HTTP/1.1";
        foreach (KestrelRig host in (KestrelRig[])[hosts.Reactor, hosts.Kestrel])
        {
            Assert.Equal(431, Ask(host, "GET /echo HTTP/1.1", longValue).Status);
            Assert.Equal(431, Ask(host, "GET /echo HTTP/1.1", manyLines).Status);
            Assert.Equal(414, Ask(host, longTarget, Good).Status);
        }
    }

    [Fact]
    public void TheServersPreferenceAmongSubprotocolsIsAnswered()
    {
        foreach (KestrelRig host in (KestrelRig[])[hosts.Reactor, hosts.Kestrel])
        {
            using Peer peer = host.Connect();
            peer.Send("GET /echo HTTP/1.1\r\n" + Good + "Sec-WebSocket-Protocol: good, best\r\n\r\n");
            string head = peer.ReadHead();
            Assert.Contains("Sec-WebSocket-Protocol: best\r\n", head, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public void ARefusalEndsTheConnection()
    {
        foreach (KestrelRig host in (KestrelRig[])[hosts.Reactor, hosts.Kestrel])
        {
            using Peer peer = host.Connect();
            peer.Send("GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
            string head = peer.ReadHead();
            Assert.Contains("Connection: Upgrade, close\r\n", head, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("Sec-WebSocket-Version: 13\r\n", head, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task OverHttp2ARefusalEndsItsStreamAndNotTheConnection()
    {
        int connections = 0;
        using SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (context, stop) =>
            {
                Interlocked.Increment(ref connections);
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpMessageInvoker invoker = new(handler);
        Assert.Equal(403, await ConnectAsync(invoker, "Origin", "http://elsewhere"));
        Assert.Equal(400, await ConnectAsync(invoker, "Sec-WebSocket-Extensions", "a;="));
        Assert.Equal(200, await ConnectAsync(invoker, "Sec-WebSocket-Key", "not looked at"));

        using HttpRequestMessage get = new(HttpMethod.Get, $"http://{hosts.Kestrel.Http2}/echo") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage answer = await invoker.SendAsync(get, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("A WebSocket over HTTP/2 begins with an extended CONNECT.\n", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, connections);
    }

    private async Task<int> ConnectAsync(HttpMessageInvoker invoker, string header, string value)
    {
        using ClientWebSocket client = new();
        client.Options.HttpVersion = HttpVersion.Version20;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        client.Options.CollectHttpResponseDetails = true;
        client.Options.SetRequestHeader(header, value);
        try
        {
            await client.ConnectAsync(new Uri($"ws://{hosts.Kestrel.Http2}/echo"), invoker, TestContext.Current.CancellationToken);
        }
        catch (WebSocketException)
        {
            // The status tells.
        }
        return (int)client.HttpStatusCode;
    }

    private static (int Status, string Body) Ask(KestrelRig host, string line, string headers)
    {
        using Peer peer = host.Connect();
        peer.Send($"{line}\r\n{headers}\r\n");
        return peer.ReadResponse();
    }

    public sealed class Hosts : IAsyncLifetime
    {
        internal KestrelRig Reactor { get; private set; } = null!;

        internal KestrelRig Kestrel { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Reactor = await KestrelRig.StartAsync(isShared: true);
            Kestrel = await KestrelRig.StartAsync(isShared: false);
        }

        public async ValueTask DisposeAsync()
        {
            await Reactor.DisposeAsync();
            await Kestrel.DisposeAsync();
        }
    }
}
