using System.Text;
using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class ClosingTests : IAsyncLifetime
{
    private readonly ScriptedServer _server = new();
    private readonly ManualClock _clock = new();
    private ScriptedPeer _peer = null!;
    private WebSocketClient _socket = null!;

    public async ValueTask InitializeAsync()
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, new WebSocketClientOptions { TimeProvider = _clock, CloseTimeoutMs = 800, PingIntervalMs = 0 });
        _peer = await _server.UpgradeAsync();
        _socket = await connecting;
    }

    public ValueTask DisposeAsync()
    {
        _socket.Abort();
        _peer.Dispose();
        _server.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Our_close_waits_for_the_servers_and_for_its_end()
    {
        Task closing = _socket.CloseAsync(4000, "done");
        ReceivedFrame close = await _peer.ReadFrameAsync();
        Assert.Equal(Opcode.Close, close.Opcode);
        Assert.Equal([0x0F, 0xA0, .. "done"u8], close.Payload);
        await _peer.SendCloseAsync(4000, "done");
        Assert.False(closing.IsCompleted);
        _peer.End();
        await closing;
        await _peer.ExpectEndAsync();
        Assert.Equal(((ushort?)4000, "done"), (_socket.CloseCode, _socket.CloseReason));
        Assert.Null(await _socket.ReadAsync());
    }

    [Fact]
    public async Task The_servers_close_is_answered_and_told_at_once()
    {
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        await _peer.SendCloseAsync(CloseCodes.GoingAway, "restart");
        Assert.Null(await reading);
        Assert.Equal(((ushort?)1001, "restart"), (_socket.CloseCode, _socket.CloseReason));
        Assert.Equal(CloseCodes.GoingAway, await _peer.ExpectCloseAsync());
        Task closing = _socket.CloseAsync();
        _peer.End();
        await closing;
        await _peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_close_without_code_is_1005()
    {
        await _peer.SendFrameAsync(Opcode.Close, []);
        Assert.Null(await _socket.ReadAsync());
        Assert.Equal(CloseCodes.NoStatus, _socket.CloseCode);
        Assert.Equal(0, await _peer.ExpectCloseAsync());
    }

    [Fact]
    public async Task A_reader_that_waits_learns_of_our_close()
    {
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        Task closing = _socket.CloseAsync();
        await _peer.ExpectCloseAsync();
        await _peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Text, "dropped"u8), .. ScriptedPeer.Frame(Opcode.Close, [0x03, 0xE8])]);
        Assert.Null(await reading);
        _peer.End();
        await closing;
    }

    [Fact]
    public async Task A_read_that_begins_while_somebody_closes_tells_the_end()
    {
        Task closing = _socket.CloseAsync();
        await _peer.ExpectCloseAsync();
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        await _peer.SendCloseAsync(CloseCodes.Normal);
        _peer.End();
        Assert.Null(await reading);
        Assert.Null(await _socket.ReadStreamAsync());
        await closing;
    }

    [Fact]
    public async Task A_server_that_does_not_answer_a_close_is_waited_for_in_vain_and_not_for_ever()
    {
        Task closing = _socket.CloseAsync();
        await _peer.ExpectCloseAsync();
        _clock.Advance(799);
        Assert.False(closing.IsCompleted);
        _clock.Advance(1);
        await closing;
        Assert.Equal(CloseCodes.Abnormal, _socket.CloseCode);
        await _peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_server_that_closes_and_stays_is_not_waited_for_for_ever()
    {
        await _peer.SendCloseAsync(CloseCodes.Normal);
        Assert.Null(await _socket.ReadAsync());
        await _peer.ExpectCloseAsync();
        _clock.Advance(800);
        await _peer.ExpectEndAsync();
        Assert.Equal(CloseCodes.Normal, _socket.CloseCode);
    }

    [Fact]
    public async Task A_server_that_ends_without_answering_our_close_is_no_failure()
    {
        Task closing = _socket.CloseAsync();
        await _peer.ExpectCloseAsync();
        _peer.End();
        await closing;
        Assert.Null(await _socket.ReadAsync());
        Assert.Equal(CloseCodes.Abnormal, _socket.CloseCode);
    }

    [Fact]
    public async Task A_cancelled_close_aborts()
    {
        using CancellationTokenSource cancel = new();
        Task closing = _socket.CloseAsync(cancellationToken: cancel.Token);
        await _peer.ExpectCloseAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);
        await _peer.ExpectEndAsync();
    }

    [Fact]
    public async Task Closing_from_many_sides_sends_one_close_frame()
    {
        Task[] closing = [.. Enumerable.Range(0, 10).Select(_ => Task.Run(() => _socket.CloseAsync()))];
        Assert.Equal(CloseCodes.Normal, await _peer.ExpectCloseAsync());
        await _peer.SendCloseAsync(CloseCodes.Normal);
        _peer.End();
        await Task.WhenAll(closing);
        await _peer.ExpectEndAsync();
    }

    [Fact]
    public async Task After_a_close_nothing_is_sent()
    {
        Task closing = _socket.CloseAsync();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await _socket.SendAsync("too late"));
        Assert.Equal(WebSocketFailure.Closed, error.Failure);
        await _peer.ExpectCloseAsync();
        await _peer.SendFrameAsync(Opcode.Ping, "?"u8);
        await _peer.SendCloseAsync(CloseCodes.Normal);
        _peer.End();
        await closing;
        await _peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_close_goes_out_although_the_server_takes_no_more_of_a_message_for_a_while()
    {
        Task sending = _socket.SendAsync(new byte[32 << 20]).AsTask();
        await _peer.ReadAsync(1);
        Task closing = _socket.CloseAsync();
        await _peer.ReadAsync(13 + (32 << 20)); // the rest of the frame
        Assert.Equal(CloseCodes.Normal, await _peer.ExpectCloseAsync());
        await sending;
        await _peer.SendCloseAsync(CloseCodes.Normal);
        _peer.End();
        await closing;
    }

    [Fact]
    public async Task An_abort_ends_what_is_under_way()
    {
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        Task sending = _socket.SendAsync(new byte[64 << 20]).AsTask();
        await _peer.ReadAsync(1000);
        _socket.Abort();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Contains("aborted", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketClientException>(() => sending);
        Assert.Null(await _socket.ReadAsync());
        await _socket.CloseAsync();
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(5000)]
    public async Task A_code_that_may_not_be_sent_is_refused(int code) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _socket.CloseAsync((ushort)code));

    [Fact]
    public async Task A_long_reason_is_cut_at_a_character()
    {
        Task closing = _socket.CloseAsync(CloseCodes.Normal, new string('é', 100));
        ReceivedFrame close = await _peer.ReadFrameAsync();
        Assert.Equal(new string('é', 61), Encoding.UTF8.GetString(close.Payload.AsSpan(2)));
        _peer.End();
        await closing;
    }
}
