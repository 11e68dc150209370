using System.Net.Security;
using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

/// <summary>TLS, HTTP/2 and proxies, against Kestrel.</summary>
public sealed class TransportTests(TransportTests.Server server) : IClassFixture<TransportTests.Server>
{
    private static readonly WebSocketClientOptions s_trusting = new()
    {
        ConfigureTls = static tls => tls.RemoteCertificateValidationCallback = static (_, certificate, _, _) => KestrelPeer.Has(certificate),
    };

    private KestrelPeer Peer => server.Peer;

    public static TheoryData<string, WebSocketHttpVersion, string> Ways => new()
    {
        { "ws1", WebSocketHttpVersion.Http11, "HTTP/1.1" },
        { "ws1", WebSocketHttpVersion.Http2OrHttp11, "HTTP/1.1" },
        { "ws2", WebSocketHttpVersion.Http2, "HTTP/2" },
        { "wss", WebSocketHttpVersion.Http11, "HTTP/1.1" },
        { "wss", WebSocketHttpVersion.Http2, "HTTP/2" },
        { "wss", WebSocketHttpVersion.Http2OrHttp11, "HTTP/2" },
        { "wss1", WebSocketHttpVersion.Http2OrHttp11, "HTTP/1.1" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Messages_go_both_ways(string address, WebSocketHttpVersion version, string protocol)
    {
        WebSocketClientOptions options = s_trusting with { HttpVersion = version, Subprotocols = ["a", "b"], Deflate = new DeflateOffer() };
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "deflate/echo"), options);
        Assert.Equal(protocol, Peer.LastProtocol);
        Assert.Equal("b", socket.Subprotocol);
        Assert.True(socket.IsDeflated);
        foreach (int length in (int[])[0, 10, 1000, 100_000])
        {
            await socket.SendAsync(new string('x', length));
            Assert.Equal(length, (await socket.ReadAsync())!.Value.Bytes.Length);
        }
        await socket.CloseAsync(4000, "done");
        Assert.Equal((ushort)4000, socket.CloseCode);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_large_message_is_streamed_both_ways(string address, WebSocketHttpVersion version, string protocol)
    {
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "echo"), s_trusting with { HttpVersion = version });
        byte[] bytes = IPeer.PatternOf(16 << 20);
        Task sending = socket.SendAsync(new MemoryStream(bytes)).AsTask();
        MemoryStream back = new();
        await (await socket.ReadStreamAsync())!.CopyToAsync(back);
        Assert.True(back.ToArray().AsSpan().SequenceEqual(bytes));
        Assert.Equal(protocol, Peer.LastProtocol);
        await sending;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task The_servers_close_is_told(string address, WebSocketHttpVersion version, string protocol)
    {
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "close"), s_trusting with { HttpVersion = version });
        await socket.SendAsync("go");
        Assert.Null(await socket.ReadAsync());
        Assert.Equal(((ushort?)4001, "enough"), (socket.CloseCode, socket.CloseReason));
        Assert.Equal(protocol, Peer.LastProtocol);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_refusal_says_how(string address, WebSocketHttpVersion version, string protocol)
    {
        Assert.NotNull(protocol);
        WebSocketClientException error = await RefusedAsync(UriOf(address, "forbidden"), s_trusting with { HttpVersion = version });
        Assert.Equal((WebSocketFailure.Refused, (int?)403), (error.Failure, error.HttpStatus));
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_cancelled_read_loses_nothing(string address, WebSocketHttpVersion version, string protocol)
    {
        Assert.NotNull(protocol);
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "echo"), s_trusting with { HttpVersion = version });
        for (int i = 0; i < 20; i++)
        {
            using CancellationTokenSource cancel = new();
            ValueTask<WebSocketMessage?> reading = socket.ReadAsync(cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
            await socket.SendAsync($"message {i}");
            Assert.Equal($"message {i}", (await socket.ReadAsync())!.Value.Text);
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_abort_ends_a_read(string address, WebSocketHttpVersion version, string protocol)
    {
        Assert.NotNull(protocol);
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "echo"), s_trusting with { HttpVersion = version });
        ValueTask<WebSocketMessage?> reading = socket.ReadAsync();
        socket.Abort();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Equal(WebSocketFailure.Lost, error.Failure);
    }

    [Theory]
    [InlineData(WebSocketHttpVersion.Http11)]
    [InlineData(WebSocketHttpVersion.Http2)]
    [InlineData(WebSocketHttpVersion.Http2OrHttp11)]
    public async Task A_certificate_that_nobody_vouches_for_is_refused(WebSocketHttpVersion version)
    {
        WebSocketClientException error = await RefusedAsync(UriOf("wss", "echo"), new WebSocketClientOptions { HttpVersion = version });
        Assert.Equal(WebSocketFailure.Tls, error.Failure);
    }

    [Fact]
    public async Task A_server_that_does_not_speak_TLS_is_told_from_one_that_is_not_trusted()
    {
        WebSocketClientException error = await RefusedAsync(new Uri($"wss://localhost:{Peer.Plain.Port}/echo"), s_trusting);
        Assert.Equal(WebSocketFailure.Tls, error.Failure);
    }

    [Fact]
    public async Task The_name_in_the_certificate_is_the_servers()
    {
        SslPolicyErrors? seen = null;
        WebSocketClientOptions options = new()
        {
            ConfigureTls = tls => tls.RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
            {
                seen = errors;
                return KestrelPeer.Has(certificate);
            },
        };
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf("wss", "echo"), options);
        Assert.Equal(SslPolicyErrors.RemoteCertificateChainErrors, seen);
        await using WebSocketClient other = await WebSocketClient.ConnectAsync(new Uri($"wss://[::ffff:127.0.0.1]:{Peer.Secure.Port}/echo"), options);
        Assert.Equal(SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch, seen);
    }

    [Theory]
    [InlineData("ws1", WebSocketFailure.NotWebSocket)]
    [InlineData("wss1", WebSocketFailure.Tls)]
    public async Task A_server_without_HTTP_2_is_none_where_that_is_wanted(string address, WebSocketFailure failure)
    {
        WebSocketClientException error = await RefusedAsync(UriOf(address, "echo"), s_trusting with { HttpVersion = WebSocketHttpVersion.Http2 });
        Assert.Equal(failure, error.Failure);
    }

    [Fact]
    public async Task Many_WebSockets_share_one_HTTP_2_connection()
    {
        using SocketsHttpHandler handler = new();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, certificate, _, _) => KestrelPeer.Has(certificate);
        using HttpMessageInvoker invoker = new(handler, disposeHandler: false);
        WebSocketClientOptions options = new() { HttpVersion = WebSocketHttpVersion.Http2, Http2Invoker = invoker };
        List<WebSocketClient> sockets = [];
        Peer.TakeConnections();
        for (int i = 0; i < 10; i++)
        {
            sockets.Add(await WebSocketClient.ConnectAsync(UriOf("wss", "echo"), options));
        }
        Assert.Single(Peer.TakeConnections());
        foreach (WebSocketClient socket in sockets)
        {
            await socket.SendAsync("x");
            Assert.Equal("x", (await socket.ReadAsync())!.Value.Text);
            await socket.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("ws1", WebSocketHttpVersion.Http11)]
    [InlineData("wss", WebSocketHttpVersion.Http11)]
    [InlineData("wss", WebSocketHttpVersion.Http2)]
    public async Task A_proxy_is_gone_through(string address, WebSocketHttpVersion version)
    {
        using ConnectProxy proxy = new("us%er:p@ss:word");
        WebSocketClientOptions options = s_trusting with { HttpVersion = version, Proxy = new Uri($"http://us%25er:p%40ss%3Aword@127.0.0.1:{proxy.Port}") };
        await using WebSocketClient socket = await WebSocketClient.ConnectAsync(UriOf(address, "echo"), options);
        await socket.SendAsync("through");
        Assert.Equal("through", (await socket.ReadAsync())!.Value.Text);
        Assert.Equal(1, proxy.Tunnels);
    }

    [Theory]
    [InlineData("ws1", WebSocketHttpVersion.Http11)]
    [InlineData("wss", WebSocketHttpVersion.Http2)]
    public async Task A_proxy_that_wants_other_credentials_says_so(string address, WebSocketHttpVersion version)
    {
        using ConnectProxy proxy = new("user:password");
        WebSocketClientException error = await RefusedAsync(UriOf(address, "echo"), s_trusting with { HttpVersion = version, Proxy = new Uri($"http://user:wrong@127.0.0.1:{proxy.Port}") });
        Assert.Equal((WebSocketFailure.Proxy, (int?)407), (error.Failure, error.HttpStatus));
        Assert.DoesNotContain("wrong", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, proxy.Tunnels);
    }

    [Theory]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502)]
    [InlineData("220 smtp.example ESMTP\r\n\r\n", 0)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nunasked", 200)]
    public async Task A_proxy_that_is_none_is_told(string answer, int status)
    {
        using ScriptedServer proxy = new();
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(UriOf("ws1", "echo"), new WebSocketClientOptions { Proxy = new Uri($"http://127.0.0.1:{proxy.Port}") });
        (ScriptedPeer peer, string request) = await proxy.AcceptRequestAsync();
        Assert.StartsWith($"CONNECT 127.0.0.1:{Peer.Plain.Port} HTTP/1.1\r\nHost: 127.0.0.1:{Peer.Plain.Port}\r\n\r\n", request);
        await peer.SendAsync(answer);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => connecting);
        Assert.Equal((WebSocketFailure.Proxy, (int?)status), (error.Failure, error.HttpStatus));
        await peer.ExpectEndAsync();
    }

    private Uri UriOf(string address, string path) => new(
        address switch
        {
            "ws1" => Peer.Plain,
            "ws2" => Peer.Http2,
            "wss1" => Peer.SecureHttp1,
            _ => Peer.Secure,
        },
        path);

    private static Task<WebSocketClientException> RefusedAsync(Uri uri, WebSocketClientOptions options) =>
        Assert.ThrowsAsync<WebSocketClientException>(() => WebSocketClient.ConnectAsync(uri, options));

    public sealed class Server : IAsyncLifetime
    {
        internal KestrelPeer Peer { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Peer = await KestrelPeer.StartAsync();

        public ValueTask DisposeAsync() => Peer.DisposeAsync();
    }
}
