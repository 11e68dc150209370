using System.Text;
using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class ClosingTests() : ScriptedConversation(new WebSocketClientOptions { CloseTimeoutMs = 800, PingIntervalMs = 0 })
{
    [Fact]
    public async Task Our_close_waits_for_the_servers_and_for_its_end()
    {
        Task closing = Socket.CloseAsync(4000, "done");
        ReceivedFrame close = await Peer.ReadFrameAsync();
        Assert.Equal(Opcode.Close, close.Opcode);
        Assert.Equal([0x0F, 0xA0, .. "done"u8], close.Payload);
        await Peer.SendCloseAsync(4000, "done");
        Assert.False(closing.IsCompleted);
        Peer.End();
        await closing;
        await Peer.ExpectEndAsync();
        Assert.Equal(((ushort?)4000, "done"), (Socket.CloseCode, Socket.CloseReason));
        Assert.Null(await Socket.ReadAsync());
    }

    [Fact]
    public async Task The_servers_close_is_answered_and_told_at_once()
    {
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        await Peer.SendCloseAsync(CloseCodes.GoingAway, "restart");
        Assert.Null(await reading);
        Assert.Equal(((ushort?)1001, "restart"), (Socket.CloseCode, Socket.CloseReason));
        Assert.Equal(CloseCodes.GoingAway, await Peer.ExpectCloseAsync());
        Task closing = Socket.CloseAsync();
        Peer.End();
        await closing;
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_close_without_code_is_1005()
    {
        await Peer.SendFrameAsync(Opcode.Close, []);
        Assert.Null(await Socket.ReadAsync());
        Assert.Equal(CloseCodes.NoStatus, Socket.CloseCode);
        Assert.Equal(0, await Peer.ExpectCloseAsync());
    }

    [Fact]
    public async Task A_reader_that_waits_learns_of_our_close()
    {
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        Task closing = Socket.CloseAsync();
        await Peer.ExpectCloseAsync();
        await Peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Text, "dropped"u8), .. ScriptedPeer.Frame(Opcode.Close, [0x03, 0xE8])]);
        Assert.Null(await reading);
        Peer.End();
        await closing;
    }

    [Fact]
    public async Task A_read_that_begins_while_somebody_closes_tells_the_end()
    {
        Task closing = Socket.CloseAsync();
        await Peer.ExpectCloseAsync();
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        await Peer.SendCloseAsync(CloseCodes.Normal);
        Peer.End();
        Assert.Null(await reading);
        Assert.Null(await Socket.ReadStreamAsync());
        await closing;
    }

    [Fact]
    public async Task A_server_that_does_not_answer_a_close_is_waited_for_in_vain_and_not_for_ever()
    {
        Task closing = Socket.CloseAsync();
        await Peer.ExpectCloseAsync();
        Clock.Advance(799);
        Assert.False(closing.IsCompleted);
        Clock.Advance(1);
        await closing;
        Assert.Equal(CloseCodes.Abnormal, Socket.CloseCode);
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_server_that_closes_and_stays_is_not_waited_for_for_ever()
    {
        await Peer.SendCloseAsync(CloseCodes.Normal);
        Assert.Null(await Socket.ReadAsync());
        await Peer.ExpectCloseAsync();
        Clock.Advance(800);
        await Peer.ExpectEndAsync();
        Assert.Equal(CloseCodes.Normal, Socket.CloseCode);
    }

    [Fact]
    public async Task A_server_that_ends_without_answering_our_close_is_no_failure()
    {
        Task closing = Socket.CloseAsync();
        await Peer.ExpectCloseAsync();
        Peer.End();
        await closing;
        Assert.Null(await Socket.ReadAsync());
        Assert.Equal(CloseCodes.Abnormal, Socket.CloseCode);
    }

    [Fact]
    public async Task A_cancelled_close_aborts()
    {
        using CancellationTokenSource cancel = new();
        Task closing = Socket.CloseAsync(cancellationToken: cancel.Token);
        await Peer.ExpectCloseAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task Closing_from_many_sides_sends_one_close_frame()
    {
        Task[] closing = [.. Enumerable.Range(0, 10).Select(_ => Task.Run(() => Socket.CloseAsync()))];
        Assert.Equal(CloseCodes.Normal, await Peer.ExpectCloseAsync());
        await Peer.SendCloseAsync(CloseCodes.Normal);
        Peer.End();
        await Task.WhenAll(closing);
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task After_a_close_nothing_is_sent()
    {
        Task closing = Socket.CloseAsync();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await Socket.SendAsync("too late"));
        Assert.Equal(WebSocketFailure.Closed, error.Failure);
        await Peer.ExpectCloseAsync();
        await Peer.SendFrameAsync(Opcode.Ping, "?"u8);
        await Peer.SendCloseAsync(CloseCodes.Normal);
        Peer.End();
        await closing;
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task A_close_goes_out_although_the_server_takes_no_more_of_a_message_for_a_while()
    {
        Task sending = Socket.SendAsync(new byte[32 << 20]).AsTask();
        await Peer.ReadAsync(1);
        Task closing = Socket.CloseAsync();
        await Peer.ReadAsync(13 + (32 << 20)); // the rest of the frame
        Assert.Equal(CloseCodes.Normal, await Peer.ExpectCloseAsync());
        await sending;
        await Peer.SendCloseAsync(CloseCodes.Normal);
        Peer.End();
        await closing;
    }

    [Fact]
    public async Task An_abort_ends_what_is_under_way()
    {
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        Task sending = Socket.SendAsync(new byte[64 << 20]).AsTask();
        await Peer.ReadAsync(1000);
        Socket.Abort();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Contains("aborted", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketClientException>(() => sending);
        Assert.Null(await Socket.ReadAsync());
        await Socket.CloseAsync();
    }

    [Theory]
    [InlineData(999)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(5000)]
    public async Task A_code_that_may_not_be_sent_is_refused(int code) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Socket.CloseAsync((ushort)code));

    [Fact]
    public async Task A_long_reason_is_cut_at_a_character()
    {
        Task closing = Socket.CloseAsync(CloseCodes.Normal, new string('é', 100));
        ReceivedFrame close = await Peer.ReadFrameAsync();
        Assert.Equal(new string('é', 61), Encoding.UTF8.GetString(close.Payload.AsSpan(2)));
        Peer.End();
        await closing;
    }
}
