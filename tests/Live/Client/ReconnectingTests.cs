using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class ReconnectingTests : IAsyncDisposable
{
    private readonly ScriptedServer _server = new();
    private readonly ManualClock _clock = new();
    private readonly List<ReconnectingState> _states = [];
    private ReconnectingWebSocket _socket = null!;

    public async ValueTask DisposeAsync()
    {
        _server.Dispose();
        await _socket.DisposeAsync();
    }

    [Fact]
    public async Task It_connects_again_and_subscribes_again()
    {
        Make(new() { OnOpen = static (client, cancel) => client.SendAsync("subscribe", cancel).AsTask() });
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        for (int i = 0; i < 3; i++)
        {
            using ScriptedPeer peer = await _server.UpgradeAsync();
            Assert.Equal("subscribe", (await peer.ReadFrameAsync()).Text);
            await peer.SendFrameAsync(Opcode.Text, "news"u8);
            Assert.Equal("news", (await reading)!.Value.Text);
            reading = _socket.ReadAsync();
            await peer.SendCloseAsync(CloseCodes.GoingAway);
            await peer.ExpectCloseAsync();
            await PassWaitAsync();
        }
        Assert.Equal(
            [ReconnectingStatus.Connecting, ReconnectingStatus.Open, ReconnectingStatus.Waiting, ReconnectingStatus.Connecting, ReconnectingStatus.Open, ReconnectingStatus.Waiting],
            _states.Take(6).Select(static state => state.Status));
        await _socket.CloseAsync();
        Assert.Null(await reading);
        Assert.Equal(ReconnectingStatus.Stopped, _socket.State.Status);
    }

    [Fact]
    public async Task Waits_grow_until_a_connection_has_lasted()
    {
        Make(new() { BackoffMinMs = 1000, BackoffMaxMs = 1_000_000, StableAfterMs = 5000 });
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        for (int i = 0; i < 3; i++)
        {
            await RefuseAsync("HTTP/1.1 503 Service Unavailable\r\n\r\n");
            await PassWaitAsync();
        }
        using (ScriptedPeer brief = await _server.UpgradeAsync())
        {
            await UntilAsync(ReconnectingStatus.Open);
            brief.End();
            await PassWaitAsync();
        }
        using (ScriptedPeer lasting = await _server.UpgradeAsync())
        {
            await UntilAsync(ReconnectingStatus.Open);
            _clock.Advance(5000);
            lasting.End();
            await PassWaitAsync();
        }
        Assert.Equal([1, 2, 3, 4, 0], _states.Where(static state => state.Status == ReconnectingStatus.Waiting).Select(static state => state.Failures));
        Assert.All(_states, static state => Assert.InRange(state.DelayMs, 0, 1000 << 3));
        await _socket.CloseAsync();
        Assert.Null(await reading);
    }

    [Fact]
    public async Task A_server_that_asks_to_be_left_alone_is()
    {
        Make(new() { BackoffMinMs = 10, BackoffMaxMs = 10, RetryAfterMaxMs = 60_000 });
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        await RefuseAsync("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\n\r\n");
        ReconnectingState waiting = await UntilAsync(ReconnectingStatus.Waiting);
        Assert.InRange(waiting.DelayMs, 30_000, 30_010);
        Assert.Equal(429, waiting.Cause!.HttpStatus);
        await PassWaitAsync();
        await RefuseAsync("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 86400\r\n\r\n");
        Assert.InRange((await UntilAsync(ReconnectingStatus.Waiting)).DelayMs, 60_000, 60_010);
        await _socket.CloseAsync();
        Assert.Null(await reading);
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Unauthorized\r\n\r\n")]
    [InlineData("HTTP/1.1 403 Forbidden\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n\r\n")]
    public async Task After_a_refusal_for_good_it_stops(string answer)
    {
        Make(new());
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        Task<WebSocketClient> waiting = _socket.WhenOpenAsync();
        await RefuseAsync(answer);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketClientException>(() => waiting));
        Assert.Equal(new ReconnectingState(ReconnectingStatus.Stopped, Cause: error), _socket.State);
    }

    [Theory]
    [InlineData(1008)]
    [InlineData(4000)]
    [InlineData(4999)]
    public async Task After_a_close_for_good_it_stops(int code)
    {
        Make(new());
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        using ScriptedPeer peer = await _server.UpgradeAsync();
        await peer.SendCloseAsync((ushort)code, "no");
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Equal((WebSocketFailure.Closed, (ushort?)code), (error.Failure, error.CloseCode));
    }

    [Fact]
    public async Task After_too_many_attempts_it_stops_and_reading_begins_anew()
    {
        Make(new() { AttemptsMax = 2 });
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        await RefuseAsync("HTTP/1.1 500 Internal Server Error\r\n\r\n");
        await PassWaitAsync();
        await RefuseAsync("HTTP/1.1 502 Bad Gateway\r\n\r\n");
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Equal(502, error.HttpStatus);
        reading = _socket.ReadAsync();
        using ScriptedPeer peer = await _server.UpgradeAsync();
        await peer.SendFrameAsync(Opcode.Text, "anew"u8);
        Assert.Equal("anew", (await reading)!.Value.Text);
    }

    [Fact]
    public async Task What_is_sent_waits_for_a_connection()
    {
        Make(new());
        Task sending = _socket.SendAsync("patient").AsTask();
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        using ScriptedPeer peer = await _server.UpgradeAsync();
        Assert.Equal("patient", (await peer.ReadFrameAsync()).Text);
        await sending;
        await peer.SendFrameAsync(Opcode.Text, "x"u8);
        await reading;
    }

    [Fact]
    public async Task A_read_cancelled_while_it_waits_goes_on_waiting_where_it_was()
    {
        Make(new() { BackoffMinMs = 10_000, BackoffMaxMs = 10_000 });
        using CancellationTokenSource cancel = new();
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync(cancel.Token);
        await RefuseAsync("HTTP/1.1 503 Service Unavailable\r\n\r\n");
        int delayMs = (await UntilAsync(ReconnectingStatus.Waiting)).DelayMs;
        await _clock.ExpectAlarmAsync(delayMs);
        _clock.Advance(delayMs / 2);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
        reading = _socket.ReadAsync();
        await _clock.ExpectAlarmAsync(delayMs - (delayMs / 2));
        _clock.Advance(delayMs);
        using ScriptedPeer peer = await _server.UpgradeAsync();
        await peer.SendFrameAsync(Opcode.Text, "x"u8);
        Assert.NotNull(await reading);
    }

    [Fact]
    public async Task A_hook_that_fails_otherwise_ends_everything()
    {
        Make(new() { OnOpen = static (_, _) => throw new InvalidDataException("no such room") });
        Task sending = _socket.SendAsync("never").AsTask();
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        using ScriptedPeer peer = await _server.UpgradeAsync();
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(async () => await reading);
        await peer.ExpectCloseAsync();
        WebSocketClientException told = await Assert.ThrowsAsync<WebSocketClientException>(() => sending);
        Assert.Equal((WebSocketFailure.Lost, error), (told.Failure, told.InnerException));
        Assert.Equal(new ReconnectingState(ReconnectingStatus.Stopped, Cause: told), _socket.State);
    }

    [Fact]
    public async Task An_attempt_that_its_reader_cancels_was_none()
    {
        Make(new());
        using CancellationTokenSource cancel = new();
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync(cancel.Token);
        Task sending = _socket.SendAsync("patient").AsTask();
        (ScriptedPeer unanswered, _) = await _server.AcceptRequestAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
        unanswered.Dispose();
        Assert.Equal(new ReconnectingState(ReconnectingStatus.Stopped), _socket.State);
        reading = _socket.ReadAsync();
        using ScriptedPeer peer = await _server.UpgradeAsync();
        Assert.Equal("patient", (await peer.ReadFrameAsync()).Text);
        await sending;
        await peer.SendFrameAsync(Opcode.Text, "x"u8);
        Assert.NotNull(await reading);
    }

    private void Make(ReconnectingWebSocketOptions options)
    {
        _socket = new ReconnectingWebSocket(_server.Uri, options with { Client = new WebSocketClientOptions { TimeProvider = _clock, PingIntervalMs = 0 }, Random = new Random(3) });
        _socket.StateChanged += state =>
        {
            lock (_states)
            {
                _states.Add(state);
                Monitor.PulseAll(_states);
            }
        };
    }

    private async Task RefuseAsync(string answer)
    {
        (ScriptedPeer peer, _) = await _server.AcceptRequestAsync();
        await peer.SendAsync(answer);
        await peer.ExpectEndAsync();
        peer.Dispose();
    }

    private async Task PassWaitAsync()
    {
        ReconnectingState state = await UntilAsync(ReconnectingStatus.Waiting);
        await _clock.ExpectAlarmAsync(state.DelayMs);
        _clock.Advance(state.DelayMs);
    }

    private Task<ReconnectingState> UntilAsync(ReconnectingStatus status) => Task.Run(() =>
    {
        lock (_states)
        {
            while (_states.LastOrDefault()?.Status != status)
            {
                Assert.True(Monitor.Wait(_states, TimeSpan.FromSeconds(20)), $"never {status}");
            }
            return _states[^1];
        }
    });
}
