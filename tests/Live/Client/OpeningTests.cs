using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

/// <summary>Handshakes with servers that say exactly what the test wants.</summary>
public sealed class OpeningTests : IDisposable
{
    private readonly ScriptedServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task The_request_is_as_the_options_say()
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, new WebSocketClientOptions
        {
            Subprotocols = ["a", "b"],
            Origin = "https://example.com",
            Headers = [new("Authorization", "Bearer abc"), new("Cookie", "x=1")],
            Deflate = new DeflateOffer(),
        });
        (ScriptedPeer peer, string request) = await _server.AcceptRequestAsync();
        string[] lines = request.Split("\r\n");
        Assert.Equal("GET /chat?room=1 HTTP/1.1", lines[0]);
        foreach (string line in (string[])[$"Host: 127.0.0.1:{_server.Port}", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b", "Origin: https://example.com", "Authorization: Bearer abc", "Cookie: x=1",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
        {
            Assert.Contains(line, lines);
        }
        await peer.SendAsync(ScriptedPeer.Acceptance(request, "Sec-WebSocket-Protocol: b\r\n"));
        WebSocketClient socket = await connecting;
        Assert.Equal("b", socket.Subprotocol);
        Assert.False(socket.IsDeflated);
        socket.Abort();
    }

    [Fact]
    public async Task Frames_that_come_with_the_acceptance_are_read()
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri);
        (ScriptedPeer peer, string request) = await _server.AcceptRequestAsync();
        byte[] early = [.. "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"u8, .. System.Text.Encoding.ASCII.GetBytes(ScriptedPeer.Acceptance(request)), .. ScriptedPeer.Frame(Opcode.Text, "early"u8)];
        await peer.SendAsync(early[..50]);
        await peer.SendAsync(early[50..]);
        WebSocketClient socket = await connecting;
        Assert.Equal("early", (await socket.ReadAsync())!.Value.Text);
        socket.Abort();
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "answer to our key")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "answer to our key")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "something else")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP/1.1")]
    [InlineData("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n", "does not speak HTTP/1.1")]
    public async Task Hardening15_what_is_no_acceptance_is_none(string answer, string message)
    {
        WebSocketClientException error = await RefusedByAsync(_ => answer);
        Assert.Equal(WebSocketFailure.NotWebSocket, error.Failure);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate\r\n", false, "extension")]
    [InlineData("Sec-WebSocket-Extensions: x-other\r\n", true, "extension")]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16\r\n", true, "extension")]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n", true, "extension")]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n", true, "extension")]
    [InlineData("Sec-WebSocket-Protocol: other\r\n", false, "subprotocol")]
    [InlineData("Sec-WebSocket-Protocol: chat, chat\r\n", false, "subprotocol")]
    public async Task Hardening15_what_was_not_offered_is_not_accepted(string further, bool deflates, string message)
    {
        WebSocketClientOptions options = new() { Subprotocols = ["chat"], Deflate = deflates ? new DeflateOffer() : null };
        WebSocketClientException error = await RefusedByAsync(request => ScriptedPeer.Acceptance(request, further), options);
        Assert.Equal(WebSocketFailure.NotWebSocket, error.Failure);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, null)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n\r\n", 503, 120)]
    [InlineData("HTTP/1.1 429 Too Many Requests\r\nRetry-After: Fri, 02 Jan 1970 00:00:07 GMT\r\n\r\n", 429, 7)]
    [InlineData("HTTP/1.1 429 Too Many Requests\r\nRetry-After: Thu, 01 Jan 1970 00:00:07 GMT\r\n\r\n", 429, 0)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nRetry-After: soon\r\n\r\n", 503, null)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", 200, null)]
    public async Task A_refusal_says_how(string answer, int status, int? retryAfter)
    {
        WebSocketClientException error = await RefusedByAsync(_ => answer, new WebSocketClientOptions { TimeProvider = new ManualClock() });
        Assert.Equal((WebSocketFailure.Refused, (int?)status), (error.Failure, error.HttpStatus));
        Assert.Equal(retryAfter, error.RetryAfter?.TotalSeconds);
    }

    [Fact]
    public async Task A_head_without_end_is_given_up()
    {
        WebSocketClientException error = await RefusedByAsync(static _ => "HTTP/1.1 101 Switching Protocols\r\nX: " + new string('x', 20_000));
        Assert.Equal(WebSocketFailure.NotWebSocket, error.Failure);
    }

    [Fact]
    public async Task A_server_that_goes_without_an_answer_is_no_WebSocket()
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri);
        (ScriptedPeer peer, _) = await _server.AcceptRequestAsync();
        peer.End();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => connecting);
        Assert.Equal(WebSocketFailure.NotWebSocket, error.Failure);
    }

    [Fact]
    public async Task Nobody_listens()
    {
        Uri uri = _server.Uri;
        _server.Dispose();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => WebSocketClient.ConnectAsync(uri));
        Assert.Equal(WebSocketFailure.Unreachable, error.Failure);
        Assert.Contains(uri.Authority, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_time_holds_for_the_whole_opening()
    {
        ManualClock clock = new();
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, new WebSocketClientOptions { TimeProvider = clock, ConnectTimeoutMs = 700 });
        (ScriptedPeer peer, _) = await _server.AcceptRequestAsync();
        await peer.SendAsync("HTTP/1.1 101 Swi");
        clock.Advance(700);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => connecting);
        Assert.Equal(WebSocketFailure.Timeout, error.Failure);
        Assert.Contains("700 ms", error.Message, StringComparison.Ordinal);
        await peer.ExpectEndAsync();
    }

    [Theory]
    [InlineData("upgrade")]
    [InlineData("TLS")]
    [InlineData("proxy")]
    [InlineData("HTTP/2")]
    public async Task An_opening_that_is_cancelled_in_any_phase_leaves_nothing(string phase)
    {
        Uri uri = new(phase == "TLS" ? $"wss://127.0.0.1:{_server.Port}/" : $"ws://127.0.0.1:{_server.Port}/");
        WebSocketClientOptions options = new()
        {
            Proxy = phase == "proxy" ? new Uri($"http://127.0.0.1:{_server.Port}") : null,
            HttpVersion = phase == "HTTP/2" ? WebSocketHttpVersion.Http2 : WebSocketHttpVersion.Http11,
        };
        using CancellationTokenSource cancel = new();
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(uri, options, cancel.Token);
        using ScriptedPeer peer = await _server.AcceptAsync();
        await peer.ReadAsync(1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        await peer.DrainAsync();
    }

    [Theory]
    [InlineData("http://example.com/")]
    [InlineData("ws://user:password@example.com/")]
    [InlineData("ws://example.com/#part")]
    [InlineData("/relative")]
    public async Task An_address_that_cannot_be_meant_is_refused(string uri) =>
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(new Uri(uri, UriKind.RelativeOrAbsolute)));

    [Fact]
    public async Task Options_that_cannot_be_meant_are_refused()
    {
        WebSocketClientOptions[] wrong =
        [
            new() { ConnectTimeoutMs = 0 }, new() { PingIntervalMs = -1 }, new() { Subprotocols = ["a b"] }, new() { Subprotocols = ["a", "a"] },
            new() { Headers = [new("Host", "x")] }, new() { Headers = [new("X", "1\r\nY: 2")] }, new() { Proxy = new Uri("socks5://proxy:1080") },
            new() { Limits = new WebSocketLimits { MessageBytesMax = 1L << 40 } }, new() { StreamedMessageBytesMax = -1 }, new() { DeflateMessageBytesMin = -1 },
        ];
        foreach (WebSocketClientOptions options in wrong)
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(_server.Uri, options));
        }
        WebSocketClientOptions noTime = new() { ConnectTimeoutMs = 0 };
        Assert.Throws<ArgumentOutOfRangeException>(() => new ReconnectingWebSocket(_server.Uri, new() { Client = noTime }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketPool(_server.Uri, new() { Client = noTime }));
    }

    [Fact]
    public void Changing_one_limit_leaves_the_others_as_a_client_has_them()
    {
        Assert.Same(WebSocketLimits.ClientDefault, WebSocketClientOptions.Default.Limits);
        Assert.Equal(1 << 20, (WebSocketLimits.ClientDefault with { FragmentsMax = 10 }).MessageBytesMax);
    }

    private async Task<WebSocketClientException> RefusedByAsync(Func<string, string> answer, WebSocketClientOptions? options = null)
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, options);
        (ScriptedPeer peer, string request) = await _server.AcceptRequestAsync();
        await peer.SendAsync(answer(request));
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => connecting);
        await peer.ExpectEndAsync();
        return error;
    }
}
