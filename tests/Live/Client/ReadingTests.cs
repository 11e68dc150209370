using System.Text;
using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class ReadingTests() : ScriptedConversation(new WebSocketClientOptions { PingIntervalMs = 1000, PongTimeoutMs = 500 })
{
    [Fact]
    public async Task A_message_is_read_however_it_is_cut()
    {
        byte[] frames = [.. ScriptedPeer.Frame(Opcode.Text, "he"u8, final: false), .. ScriptedPeer.Frame(Opcode.Ping, "?"u8), .. ScriptedPeer.Frame(Opcode.Continuation, "llo"u8)];
        for (int cut = 1; cut < frames.Length; cut++)
        {
            await Peer.SendAsync(frames[..cut]);
            ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
            await Peer.SendAsync(frames[cut..]);
            Assert.Equal("hello", (await reading)!.Value.Text);
            ReceivedFrame pong = await Peer.ReadFrameAsync();
            Assert.Equal((Opcode.Pong, "?"), (pong.Opcode, pong.Text));
        }
    }

    [Fact]
    public async Task Messages_that_come_together_are_read_one_by_one()
    {
        await Peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Text, "one"u8), .. ScriptedPeer.Frame(Opcode.Binary, "two"u8), .. ScriptedPeer.Frame(Opcode.Text, ""u8)]);
        Assert.Equal("one", (await Socket.ReadAsync())!.Value.Text);
        WebSocketMessage two = (await Socket.ReadAsync())!.Value;
        Assert.False(two.IsText);
        Assert.Equal("two"u8.ToArray(), two.Bytes.ToArray());
        Assert.Equal("", (await Socket.ReadAsync())!.Value.Text);
    }

    [Fact]
    public async Task Ten_pings_in_one_read_get_ten_pongs()
    {
        byte[] pings = [.. Enumerable.Range(0, 10).SelectMany(static i => ScriptedPeer.Frame(Opcode.Ping, [(byte)i]))];
        await Peer.SendAsync([.. pings, .. ScriptedPeer.Frame(Opcode.Text, "x"u8)]);
        await Socket.ReadAsync();
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal([(byte)i], (await Peer.ReadFrameAsync()).Payload);
        }
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        byte[] frame = ScriptedPeer.Frame(Opcode.Text, "across cancellations"u8);
        foreach (byte b in frame[..^1])
        {
            using CancellationTokenSource cancel = new();
            ValueTask<WebSocketMessage?> reading = Socket.ReadAsync(cancel.Token);
            await Peer.SendAsync([b]);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
        }
        await Peer.SendAsync(frame[^1..]);
        Assert.Equal("across cancellations", (await Socket.ReadAsync())!.Value.Text);
    }

    [Fact]
    public async Task A_second_reader_is_refused_and_the_first_reads_on()
    {
        ValueTask<WebSocketMessage?> first = Socket.ReadAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Socket.ReadAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Socket.ReadStreamAsync());
        await Peer.SendFrameAsync(Opcode.Text, "x"u8);
        Assert.Equal("x", (await first)!.Value.Text);
    }

    [Fact]
    public async Task A_stream_gives_what_has_arrived_before_the_message_is_whole()
    {
        await Peer.SendFrameAsync(Opcode.Text, "first "u8, final: false);
        WebSocketMessageStream stream = (await Socket.ReadStreamAsync())!;
        Assert.True(stream.IsText);
        Assert.Equal("firs", await ReadSomeAsync(stream));
        Assert.Equal("t ", await ReadSomeAsync(stream));
        await Peer.SendFrameAsync(Opcode.Continuation, "last"u8);
        Assert.Equal("last", await ReadSomeAsync(stream));
        Assert.Equal("", await ReadSomeAsync(stream));
        Assert.Equal("", await ReadSomeAsync(stream));
    }

    [Fact]
    public async Task What_is_left_of_a_stream_is_skipped_by_the_next_read()
    {
        await Peer.SendFrameAsync(Opcode.Binary, "left"u8, final: false);
        WebSocketMessageStream stream = (await Socket.ReadStreamAsync())!;
        await Peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Continuation, "alone"u8), .. ScriptedPeer.Frame(Opcode.Text, "next"u8)]);
        Assert.Equal("next", (await Socket.ReadAsync())!.Value.Text);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadSomeAsync(stream));
    }

    [Fact]
    public async Task A_message_that_breaks_off_is_not_taken_for_a_whole_one()
    {
        await Peer.SendFrameAsync(Opcode.Binary, "half"u8, final: false);
        WebSocketMessageStream stream = (await Socket.ReadStreamAsync())!;
        await Peer.SendCloseAsync(CloseCodes.GoingAway);
        Assert.Equal("half", await ReadSomeAsync(stream));
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(() => ReadSomeAsync(stream));
        Assert.Equal((WebSocketFailure.Closed, (ushort?)1001), (error.Failure, error.CloseCode));
    }

    [Theory]
    [InlineData(new byte[] { 0xC1, 0x00 }, 1002)]
    [InlineData(new byte[] { 0x81, 0x80, 0, 0, 0, 0 }, 1002)]
    [InlineData(new byte[] { 0x83, 0x00 }, 1002)]
    [InlineData(new byte[] { 0x80, 0x00 }, 1002)]
    [InlineData(new byte[] { 0x81, 0x02, 0xC3, 0x28 }, 1007)]
    [InlineData(new byte[] { 0x82, 0x7F, 0, 0, 0, 0, 0x10, 0, 0, 1 }, 1009)]
    [InlineData(new byte[] { 0x88, 0x01, 3 }, 1002)]
    public async Task A_violation_is_answered_and_told_once(byte[] bytes, int code)
    {
        await Peer.SendAsync(bytes);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await Socket.ReadAsync());
        Assert.Equal((WebSocketFailure.ProtocolError, (ushort?)code), (error.Failure, error.CloseCode));
        Assert.Equal(code, await Peer.ExpectCloseAsync());
        Assert.Null(await Socket.ReadAsync());
        Assert.Equal((ushort)code, Socket.CloseCode);
        Peer.End();
        await Peer.ExpectEndAsync();
    }

    [Fact]
    public async Task An_end_without_a_close_frame_is_told_once()
    {
        await Peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Text, "last"u8), 0x81, 0x05, (byte)'h']);
        Peer.End();
        Assert.Equal("last", (await Socket.ReadAsync())!.Value.Text);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await Socket.ReadAsync());
        Assert.Equal((WebSocketFailure.Lost, (ushort?)1006), (error.Failure, error.CloseCode));
        Assert.Null(await Socket.ReadAsync());
        Assert.False(Socket.IsOpen);
    }

    [Fact]
    public async Task A_reset_is_told_once()
    {
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        Peer.Reset();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Equal(WebSocketFailure.Lost, error.Failure);
        Assert.Null(await Socket.ReadAsync());
    }

    [Fact]
    public async Task A_silent_server_is_asked_and_then_given_up()
    {
        ValueTask<WebSocketMessage?> reading = Socket.ReadAsync();
        Clock.Advance(999);
        Clock.Advance(1);
        Assert.Equal(Opcode.Ping, (await Peer.ReadFrameAsync()).Opcode);
        Clock.Advance(499);
        Assert.True(Socket.IsOpen);
        Clock.Advance(1);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
        Assert.Equal(WebSocketFailure.Timeout, error.Failure);
        Assert.Contains("500 ms", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_nobody_reads_no_sign_of_life_is_expected()
    {
        for (int i = 0; i < 5; i++)
        {
            Clock.Advance(1000);
            Assert.Equal(Opcode.Ping, (await Peer.ReadFrameAsync()).Opcode);
        }
        await Peer.SendFrameAsync(Opcode.Text, "still here"u8);
        Assert.Equal("still here", (await Socket.ReadAsync())!.Value.Text);
    }

    [Fact]
    public async Task A_message_in_hand_is_not_written_over_while_somebody_closes()
    {
        await Peer.SendFrameAsync(Opcode.Text, "in hand"u8);
        WebSocketMessage message = (await Socket.ReadAsync())!.Value;
        Task closing = Socket.CloseAsync();
        await Peer.ExpectCloseAsync();
        await Peer.SendAsync([.. ScriptedPeer.Frame(Opcode.Text, Encoding.ASCII.GetBytes(new string('x', 8000))), .. ScriptedPeer.Frame(Opcode.Close, [])]);
        Peer.End();
        await closing;
        Assert.Equal("in hand", message.Text);
    }

    private static async Task<string> ReadSomeAsync(WebSocketMessageStream stream)
    {
        byte[] buffer = new byte[4];
        int count = await stream.ReadAsync(buffer);
        return Encoding.ASCII.GetString(buffer, 0, count);
    }
}
