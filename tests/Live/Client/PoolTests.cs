using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class PoolTests : IAsyncDisposable
{
    private readonly ScriptedServer _server = new();
    private readonly ManualClock _clock = new();
    private readonly List<ScriptedPeer> _peers = [];
    private WebSocketPool _pool = null!;

    public async ValueTask DisposeAsync()
    {
        _peers.ForEach(static peer => peer.Dispose());
        _server.Dispose();
        await _pool.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_that_comes_back_is_rented_again()
    {
        Make(new());
        WebSocketClient first;
        await using (PooledWebSocket rented = await RentNewAsync())
        {
            first = rented.Socket;
            Assert.Equal(new WebSocketPoolMetrics(Connections: 1, Idle: 0, Waiting: 0, Created: 1, Retired: 0), _pool.Metrics);
        }
        Assert.Equal(new WebSocketPoolMetrics(Connections: 1, Idle: 1, Waiting: 0, Created: 1, Retired: 0), _pool.Metrics);
        await using PooledWebSocket again = await _pool.RentAsync();
        Assert.Same(first, again.Socket);
        Assert.Equal("answer", await AskAsync(again, _peers[0]));
    }

    [Fact]
    public async Task The_connection_used_last_is_rented_first()
    {
        Make(new());
        PooledWebSocket one = await RentNewAsync();
        PooledWebSocket two = await RentNewAsync();
        WebSocketClient last = one.Socket;
        await two.DisposeAsync();
        await one.DisposeAsync();
        await using PooledWebSocket rented = await _pool.RentAsync();
        Assert.Same(last, rented.Socket);
    }

    [Fact]
    public async Task Where_no_more_may_be_opened_callers_wait_in_order()
    {
        Make(new() { ConnectionsMax = 1 });
        PooledWebSocket rented = await RentNewAsync();
        WebSocketClient socket = rented.Socket;
        Task<PooledWebSocket> second = _pool.RentAsync().AsTask();
        Task<PooledWebSocket> third = _pool.RentAsync().AsTask();
        Assert.Equal(2, _pool.Metrics.Waiting);
        await rented.DisposeAsync();
        rented = await second;
        Assert.Same(socket, rented.Socket);
        Assert.False(third.IsCompleted);
        await rented.DisposeAsync();
        await using PooledWebSocket last = await third;
        Assert.Same(socket, last.Socket);
    }

    [Fact]
    public async Task Whoever_waits_gets_the_place_of_a_connection_that_is_discarded()
    {
        Make(new() { ConnectionsMax = 1 });
        PooledWebSocket rented = await RentNewAsync();
        Task<PooledWebSocket> waiting = _pool.RentAsync().AsTask();
        rented.Discard();
        await rented.DisposeAsync();
        _peers.Add(await _server.UpgradeAsync());
        await using PooledWebSocket fresh = await waiting;
        Assert.Equal("answer", await AskAsync(fresh, _peers[1]));
        Assert.Equal(new WebSocketPoolMetrics(Connections: 1, Idle: 0, Waiting: 0, Created: 2, Retired: 1), _pool.Metrics);
        Assert.Equal(CloseCodes.Normal, await _peers[0].ExpectCloseAsync());
    }

    [Fact]
    public async Task Waiting_has_its_bounds()
    {
        Make(new() { ConnectionsMax = 1, WaitersMax = 1, WaitTimeoutMs = 300 });
        await using PooledWebSocket rented = await RentNewAsync();
        Task<PooledWebSocket> waiting = _pool.RentAsync().AsTask();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await _pool.RentAsync());
        Assert.Equal(WebSocketFailure.PoolExhausted, error.Failure);
        _clock.Advance(300);
        error = await Assert.ThrowsAsync<WebSocketClientException>(() => waiting);
        Assert.Equal(WebSocketFailure.Timeout, error.Failure);
        using CancellationTokenSource cancel = new();
        waiting = _pool.RentAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _pool.Metrics.Waiting);
    }

    [Fact]
    public async Task What_comes_back_with_something_unread_is_closed()
    {
        Make(new());
        PooledWebSocket rented = await RentNewAsync();
        await _peers[0].SendFrameAsync(Opcode.Text, "one"u8);
        await _peers[0].SendFrameAsync(Opcode.Text, "two"u8);
        Assert.Equal("one", (await rented.Socket.ReadAsync())!.Value.Text);
        await ReadableAsync(rented.Socket);
        await rented.DisposeAsync();
        Assert.Equal(new WebSocketPoolMetrics(Connections: 0, Idle: 0, Waiting: 0, Created: 1, Retired: 1), _pool.Metrics);
        Assert.Equal(CloseCodes.Normal, await _peers[0].ExpectCloseAsync());
    }

    [Fact]
    public async Task An_unused_connection_that_the_server_closes_or_speaks_on_is_given_up()
    {
        Make(new());
        PooledWebSocket one = await RentNewAsync();
        PooledWebSocket two = await RentNewAsync();
        await one.DisposeAsync();
        await two.DisposeAsync();
        await _peers[0].SendCloseAsync(CloseCodes.GoingAway);
        Assert.Equal(CloseCodes.GoingAway, await _peers[0].ExpectCloseAsync());
        await _peers[1].SendFrameAsync(Opcode.Text, "unasked"u8);
        Assert.Equal(CloseCodes.Normal, await _peers[1].ExpectCloseAsync());
        await using PooledWebSocket fresh = await RentNewAsync();
        Assert.Equal("answer", await AskAsync(fresh, _peers[2]));
        Assert.True(SpinWait.SpinUntil(() => _pool.Metrics.Retired == 2, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task An_unused_connection_answers_pings()
    {
        Make(new());
        await (await RentNewAsync()).DisposeAsync();
        await _peers[0].SendFrameAsync(Opcode.Ping, "?"u8);
        Assert.Equal(Opcode.Pong, (await _peers[0].ReadFrameAsync()).Opcode);
        Assert.Equal(1, _pool.Metrics.Idle);
    }

    [Fact]
    public async Task After_some_time_a_connection_must_answer_before_it_is_rented()
    {
        Make(new() { HealthAfterMs = 1000 });
        await (await RentNewAsync()).DisposeAsync();
        _clock.Advance(1000);
        Task<PooledWebSocket> renting = _pool.RentAsync().AsTask();
        ReceivedFrame ping = await _peers[0].ReadFrameAsync();
        Assert.Equal(Opcode.Ping, ping.Opcode);
        await _peers[0].SendFrameAsync(Opcode.Pong, ping.Payload);
        await using PooledWebSocket rented = await renting;
        Assert.Equal("answer", await AskAsync(rented, _peers[0]));
    }

    [Fact]
    public async Task A_connection_that_does_not_answer_is_replaced()
    {
        Make(new() { HealthAfterMs = 1000, HealthTimeoutMs = 200 });
        await (await RentNewAsync()).DisposeAsync();
        _clock.Advance(1000);
        Task<PooledWebSocket> renting = _pool.RentAsync().AsTask();
        Assert.Equal(Opcode.Ping, (await _peers[0].ReadFrameAsync()).Opcode);
        _clock.Advance(200);
        _peers.Add(await _server.UpgradeAsync());
        await using PooledWebSocket rented = await renting;
        Assert.Equal("answer", await AskAsync(rented, _peers[1]));
        Assert.Equal(1, _pool.Metrics.Retired);
    }

    [Fact]
    public async Task An_unused_connection_is_retired_in_time()
    {
        Make(new() { IdleTimeoutMs = 5000 });
        await (await RentNewAsync()).DisposeAsync();
        _clock.Advance(4999);
        Assert.Equal(1, _pool.Metrics.Idle);
        _clock.Advance(1);
        Assert.Equal(CloseCodes.Normal, await _peers[0].ExpectCloseAsync());
        Assert.Equal(new WebSocketPoolMetrics(Connections: 0, Idle: 0, Waiting: 0, Created: 1, Retired: 1), _pool.Metrics);
    }

    [Fact]
    public async Task A_connection_that_is_too_old_is_retired()
    {
        Make(new() { LifetimeMs = 10_000, IdleTimeoutMs = 60_000 });
        PooledWebSocket used = await RentNewAsync();
        await (await RentNewAsync()).DisposeAsync();
        _clock.Advance(10_000);
        Assert.Equal(CloseCodes.Normal, await _peers[1].ExpectCloseAsync());
        await used.DisposeAsync();
        Assert.Equal(CloseCodes.Normal, await _peers[0].ExpectCloseAsync());
        Assert.Equal(0, _pool.Metrics.Connections);
    }

    [Fact]
    public async Task Only_so_many_are_kept_unused()
    {
        Make(new() { ConnectionsIdleMax = 1 });
        PooledWebSocket one = await RentNewAsync();
        PooledWebSocket two = await RentNewAsync();
        await one.DisposeAsync();
        await two.DisposeAsync();
        await two.DisposeAsync();
        Assert.Equal(new WebSocketPoolMetrics(Connections: 1, Idle: 1, Waiting: 0, Created: 2, Retired: 1), _pool.Metrics);
        Assert.Equal(CloseCodes.Normal, await _peers[1].ExpectCloseAsync());
    }

    [Fact]
    public async Task A_connection_that_cannot_be_opened_frees_its_place()
    {
        Make(new() { ConnectionsMax = 1 });
        Task<PooledWebSocket> renting = _pool.RentAsync().AsTask();
        (ScriptedPeer peer, _) = await _server.AcceptRequestAsync();
        await peer.SendAsync("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => renting);
        Assert.Equal(503, error.HttpStatus);
        await using PooledWebSocket rented = await RentNewAsync();
        Assert.Equal(1, _pool.Metrics.Connections);
    }

    [Fact]
    public async Task A_disposed_pool_closes_what_is_unused_and_later_what_comes_back()
    {
        Make(new() { ConnectionsMax = 2 });
        PooledWebSocket used = await RentNewAsync();
        await (await RentNewAsync()).DisposeAsync();
        Task disposing = _pool.DisposeAsync().AsTask();
        Assert.Equal(CloseCodes.Normal, await _peers[1].ExpectCloseAsync());
        _peers[1].End();
        await disposing;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _pool.RentAsync());
        Assert.Equal("answer", await AskAsync(used, _peers[0]));
        await used.DisposeAsync();
        Assert.Equal(CloseCodes.Normal, await _peers[0].ExpectCloseAsync());
        Assert.Throws<ObjectDisposedException>(() => used.Socket);
    }

    private void Make(WebSocketPoolOptions options) =>
        _pool = new WebSocketPool(_server.Uri, options with { Client = new WebSocketClientOptions { TimeProvider = _clock, PingIntervalMs = 0, CloseTimeoutMs = 100 } });

    private async Task<PooledWebSocket> RentNewAsync()
    {
        Task<PooledWebSocket> renting = _pool.RentAsync().AsTask();
        _peers.Add(await _server.UpgradeAsync());
        return await renting;
    }

    private static async Task<string> AskAsync(PooledWebSocket rented, ScriptedPeer peer)
    {
        await rented.Socket.SendAsync("question");
        Assert.Equal("question", (await peer.ReadFrameAsync()).Text);
        await peer.SendFrameAsync(Opcode.Text, "answer"u8);
        return (await rented.Socket.ReadAsync())!.Value.Text;
    }

    // "two" has arrived when a third message, which is read as a stream and left, could be begun.
    private async Task ReadableAsync(WebSocketClient socket)
    {
        await _peers[0].SendFrameAsync(Opcode.Text, "three"u8, final: false);
        Assert.NotNull(await socket.ReadStreamAsync());
        Assert.NotNull(await socket.ReadStreamAsync());
    }
}
