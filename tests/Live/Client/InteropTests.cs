using System.Text;
using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

/// <summary>The client against servers of other makes and our own, with compression and without.</summary>
public sealed class InteropTests(InteropTests.Servers servers) : IClassFixture<InteropTests.Servers>
{
    private const int LargeBytes = 16 << 20;

    private static readonly WebSocketClientOptions s_deflating = new() { Deflate = new DeflateOffer() };

    public static TheoryData<string, bool> Peers => new()
    {
        { "ws", false }, { "ws", true }, { "bun", false }, { "bun", true }, { "kestrel", false }, { "kestrel", true },
        { "sluice", false }, { "sluice", true },
    };

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Messages_of_every_size_come_back_as_they_were_sent(string peer, bool deflates)
    {
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/echo");
        Assert.Equal(deflates, socket.IsDeflated);
        foreach (int length in (int[])[0, 1, 125, 126, 127, 511, 512, 4096, 65_535, 65_536, 65_537, 500_000])
        {
            string text = new([.. Enumerable.Range(0, length / 2).Select(static i => (char)('a' + (i % 23)))]);
            byte[] bytes = Noise(length);
            await socket.SendAsync(text + "é");
            await socket.SendAsync(bytes);
            WebSocketMessage answer = await ExpectAsync(socket);
            Assert.True(answer.IsText);
            Assert.Equal(text + "é", answer.Text);
            answer = await ExpectAsync(socket);
            Assert.False(answer.IsText);
            Assert.Equal(bytes, answer.Bytes);
        }
        await socket.CloseAsync();
        Assert.Equal(CloseCodes.Normal, socket.CloseCode);
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Similar_messages_are_understood_one_after_another(string peer, bool deflates)
    {
        foreach (bool fresh in (bool[])[false, true])
        {
            WebSocketClientOptions options = new() { Deflate = deflates ? new DeflateOffer { ReceiveFresh = fresh } : null };
            await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/echo", options);
            for (int i = 0; i < 50; i++)
            {
                await socket.SendAsync(Quote(i));
            }
            for (int i = 0; i < 50; i++)
            {
                Assert.Equal(Quote(i), (await ExpectAsync(socket)).Text);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task A_large_message_is_streamed_both_ways(string peer, bool deflates)
    {
        WebSocketClientOptions options = (deflates ? s_deflating : WebSocketClientOptions.Default) with { Limits = new WebSocketLimits { MessageBytesMax = 1024 } };
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/echo", options);
        byte[] bytes = IPeer.PatternOf(LargeBytes);
        Task sending = socket.SendAsync(new MemoryStream(bytes)).AsTask();
        await using WebSocketMessageStream? stream = await socket.ReadStreamAsync();
        await ExpectAsync(stream!, bytes);
        await sending;
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task A_large_message_is_read_whole_where_that_is_allowed(string peer, bool deflates)
    {
        WebSocketClientOptions options = (deflates ? s_deflating : WebSocketClientOptions.Default) with { Limits = new WebSocketLimits { MessageBytesMax = LargeBytes } };
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, $"/push?{LargeBytes}", options);
        WebSocketMessage message = await ExpectAsync(socket);
        Assert.True(message.Bytes.Span.SequenceEqual(IPeer.PatternOf(LargeBytes)));
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task A_message_that_is_larger_than_allowed_ends_the_connection(string peer, bool deflates)
    {
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/push?2000000");
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await socket.ReadAsync());
        Assert.Equal(WebSocketFailure.ProtocolError, error.Failure);
        Assert.Equal(CloseCodes.MessageTooBig, error.CloseCode);
        Assert.Null(await socket.ReadAsync());
        Assert.Equal(CloseCodes.MessageTooBig, socket.CloseCode);
    }

    [Theory]
    [InlineData("ws", false)]
    [InlineData("ws", true)]
    [InlineData("kestrel", false)]
    [InlineData("kestrel", true)]
    public async Task Fragments_become_one_message(string peer, bool deflates)
    {
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/fragments");
        foreach (string text in (string[])["abc", new string('é', 100_000)])
        {
            await socket.SendAsync(text);
            Assert.Equal(text, (await ExpectAsync(socket)).Text);
        }
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task The_server_closes_first(string peer, bool deflates)
    {
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/close");
        await socket.SendAsync("go");
        Assert.Null(await socket.ReadAsync());
        Assert.Equal(((ushort?)4001, "enough"), (socket.CloseCode, socket.CloseReason));
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await socket.SendAsync("too late"));
        Assert.Equal((WebSocketFailure.Closed, (ushort?)4001), (error.Failure, error.CloseCode));
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public async Task Pings_do_not_disturb(string peer, bool deflates)
    {
        ManualClock clock = new();
        WebSocketClientOptions options = (deflates ? s_deflating : WebSocketClientOptions.Default) with { TimeProvider = clock, PingIntervalMs = 1000, PongTimeoutMs = 500 };
        await using WebSocketClient socket = await ConnectAsync(peer, deflates, "/echo", options);
        for (int i = 0; i < 5; i++)
        {
            ValueTask<WebSocketMessage?> reading = socket.ReadAsync();
            clock.Advance(500); // the last pong was heard in time
            clock.Advance(500); // silence: a ping
            await socket.SendAsync("after the ping");
            Assert.Equal("after the ping", (await reading)!.Value.Text);
        }
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("kestrel")]
    public async Task The_servers_choice_of_subprotocol_is_told(string peer)
    {
        WebSocketClientOptions options = new() { Subprotocols = ["chat.v1", "chat.v2"] };
        await using WebSocketClient socket = await ConnectAsync(peer, false, "/echo", options);
        Assert.Equal("chat.v2", socket.Subprotocol);
    }

    private Task<WebSocketClient> ConnectAsync(string peer, bool deflates, string path) => ConnectAsync(peer, deflates, path, deflates ? s_deflating : null);

    private Task<WebSocketClient> ConnectAsync(string peer, bool deflates, string path, WebSocketClientOptions? options) =>
        WebSocketClient.ConnectAsync(servers.UriOf(peer, deflates, path), options);

    private static async Task<WebSocketMessage> ExpectAsync(WebSocketClient socket)
    {
        WebSocketMessage? message = await socket.ReadAsync();
        Assert.NotNull(message);
        return message.Value;
    }

    private static async Task ExpectAsync(Stream stream, byte[] bytes)
    {
        byte[] buffer = new byte[40_000];
        int at = 0;
        for (int count; (count = await stream.ReadAsync(buffer)) > 0; at += count)
        {
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(bytes.AsSpan(at, count)), $"at {at}");
        }
        Assert.Equal(bytes.Length, at);
    }

    private static string Quote(int i) => $$"""{"symbol":"EURUSD","bid":{{1000 + i}},"ask":{{1001 + i}},"venue":"{{new string('x', i * 20)}}"}""";

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        Encoding.ASCII.GetBytes(new string('z', length / 2)).CopyTo(bytes, 0);
        return bytes;
    }

    public sealed class Servers : IAsyncLifetime
    {
        private readonly Dictionary<string, IPeer> _peers = [];

        public async ValueTask InitializeAsync()
        {
            _peers["ws"] = await ProcessPeer.StartNodeAsync();
            _peers["bun"] = await ProcessPeer.StartBunAsync();
            _peers["kestrel"] = await KestrelPeer.StartAsync();
            _peers["sluice"] = new SluicePeer();
        }

        public async ValueTask DisposeAsync()
        {
            foreach (IPeer peer in _peers.Values)
            {
                await peer.DisposeAsync();
            }
        }

        internal Uri UriOf(string peer, bool deflates, string path) =>
            new((deflates ? _peers[peer].Deflating : _peers[peer].Plain).ToString().TrimEnd('/') + path);
    }
}
