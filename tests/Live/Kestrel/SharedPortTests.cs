using System.Net;
using System.Security.Cryptography;
using System.Text;
using Sluice.Protocol;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>Everything on the one port: what the reactor gives away reaches Kestrel untouched.</summary>
public sealed class SharedPortTests : IAsyncLifetime
{
    private KestrelRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await KestrelRig.StartAsync(isShared: true);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public void AConnectionIsKeptAlive()
    {
        using Peer peer = _rig.Connect();
        for (int i = 0; i < 3; i++)
        {
            peer.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, Chunked(peer));
        }
    }

    [Fact]
    public void PipelinedRequestsAreAnsweredInOrder()
    {
        using Peer peer = _rig.Connect();
        peer.Send(string.Concat(Enumerable.Repeat("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 10)));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(200, Chunked(peer));
            Assert.Equal(404, peer.ReadResponse().Status);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task LargeBodiesArriveWhole(bool http2)
    {
        byte[] body = RandomNumberGenerator.GetBytes(40 << 20);
        using HttpClient client = Client(http2);
        HttpResponseMessage response = await client.PostAsync(Url("/hash"), new ByteArrayContent(body), TestContext.Current.CancellationToken);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(http2 ? HttpVersion.Version20 : HttpVersion.Version11, response.Version);
    }

    [Fact]
    public async Task ManyClientsOfBothVersionsAreServedAtOnce()
    {
        await Parallel.ForAsync(0, 100, TestContext.Current.CancellationToken, async (number, stop) =>
        {
            using HttpClient client = Client(http2: number % 2 == 0);
            Assert.Equal("ok", await client.GetStringAsync(Url("/health"), stop));
        });
    }

    [Fact]
    public void ThePrefaceOfHttp2MayComeInPieces()
    {
        using Peer peer = _rig.Connect();
        foreach (char piece in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        {
            peer.Send(piece.ToString());
            Thread.Sleep(2);
        }
        byte[] emptySettings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        peer.Send(emptySettings);
        Assert.Equal(4, peer.ReadExactly(9)[3]);
    }

    [Fact]
    public void WhatOnlyBeginsLikeHttp2IsNotHttp2()
    {
        using Peer peer = _rig.Connect();
        peer.Send("PRI * HTTP");
        Thread.Sleep(20);
        peer.Send("/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal(405, peer.ReadResponse().Status); // of Kestrel: PRI is no method that "*" has
    }

    [Fact]
    public void APeerThatIsGoneBeforeKestrelSeesItHarmsNobody()
    {
        for (int i = 0; i < 50; i++)
        {
            Peer gone = _rig.Connect();
            gone.Send("GET /health HTTP/1.1\r\n");
            gone.Reset();
        }
        AConnectionIsKeptAlive();
    }

    [Theory]
    [InlineData("/%65cho")]
    [InlineData("/./echo")]
    [InlineData("/x/../echo")]
    [InlineData("/echo/")]
    [InlineData("/ECHO")]
    [InlineData("http://localhost/x/../echo")]
    public void ARealtimePathInDisguiseIsRefused(string target)
    {
        using Peer peer = _rig.Connect();
        peer.Send(Peer.UpgradeRequest(target));
        Assert.Equal((400, "The path must be written exactly as it is served.\n"), peer.ReadResponse());
    }

    [Theory]
    [InlineData("/echo")]
    [InlineData("/echo?token=x")]
    [InlineData("http://localhost/echo")]
    public async Task ARealtimePathOnAConnectionThatServedAnotherIsServed(string target)
    {
        using (Peer peer = _rig.Connect())
        {
            peer.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, Chunked(peer));
            peer.Upgrade(target);
            peer.SendFrame(Opcode.Text, "hello"u8);
            Assert.Equal("hello"u8, peer.ReadFrame().Payload);
        }
        await _rig.ExpectNothingLeftAsync();
    }

    [Fact]
    public void ThePathItselfIsTheReactors()
    {
        using Peer peer = _rig.Connect();
        peer.Send(Peer.UpgradeRequest("/echo"));
        Assert.DoesNotContain("Date:", peer.ReadHead(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task WhatComesAfterKestrelsEndIsClosed()
    {
        await _rig.StopKestrelAsync();
        using Peer peer = _rig.Connect();
        peer.Send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        peer.ExpectEndOrReset();
    }

    private static int Chunked(Peer peer)
    {
        string head = peer.ReadHead();
        Assert.Contains("chunked", head, StringComparison.Ordinal);
        Assert.Equal("2\r\nok\r\n0\r\n\r\n", Encoding.ASCII.GetString(peer.ReadExactly(12)));
        return int.Parse(head.Split(' ')[1], null);
    }

    private static HttpClient Client(bool http2) => new()
    {
        DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private string Url(string path) => $"http://{_rig.Http1}{path}";
}
