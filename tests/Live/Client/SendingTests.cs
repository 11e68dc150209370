using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Sluice.Live.Client.Peers;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

public sealed class SendingTests : IDisposable
{
    private readonly ScriptedServer _server = new();
    private ScriptedPeer _peer = null!;
    private WebSocketClient _socket = null!;

    public void Dispose()
    {
        _socket.Abort();
        _peer.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task Hardening35_Every_frame_has_a_mask_of_its_own()
    {
        await ConnectAsync();
        HashSet<uint> masks = [];
        for (int i = 0; i < 100; i++)
        {
            await _socket.SendAsync("same");
            ReceivedFrame frame = await _peer.ReadFrameAsync();
            Assert.Equal("same", frame.Text);
            masks.Add(frame.Mask);
        }
        Assert.Equal(100, masks.Count);
    }

    [Fact]
    public async Task Bytes_text_and_pieces_become_one_frame_each()
    {
        await ConnectAsync();
        await _socket.SendAsync("bytes"u8.ToArray());
        await _socket.SendTextAsync("text"u8.ToArray());
        await _socket.SendAsync(Pieces("pie", "ce", "s"));
        foreach ((Opcode opcode, string text) in ((Opcode, string)[])[(Opcode.Binary, "bytes"), (Opcode.Text, "text"), (Opcode.Binary, "pieces")])
        {
            ReceivedFrame frame = await _peer.ReadFrameAsync();
            Assert.Equal((opcode, true, text), (frame.Opcode, frame.Final, frame.Text));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(65_535, 1)]
    [InlineData(65_536, 2)]
    [InlineData(200_000, 4)]
    public async Task A_stream_becomes_fragments_of_64_KB(int length, int fragments)
    {
        await ConnectAsync();
        Task sending = _socket.SendAsync(new MemoryStream(new byte[length])).AsTask();
        for (int i = 1; i <= fragments; i++)
        {
            ReceivedFrame frame = await _peer.ReadFrameAsync();
            Assert.Equal((i == 1 ? Opcode.Binary : Opcode.Continuation, i == fragments), (frame.Opcode, frame.Final));
            Assert.Equal(i < fragments ? 65_536 : length % 65_536, frame.Payload.Length);
        }
        await sending;
    }

    [Fact]
    public async Task Pongs_go_between_the_fragments_of_a_stream_that_waits()
    {
        await ConnectAsync();
        Pipe source = new();
        Task sending = _socket.SendTextAsync(source.Reader.AsStream()).AsTask();
        await source.Writer.WriteAsync(new byte[65_536]);
        Assert.False((await _peer.ReadFrameAsync()).Final);
        ValueTask<WebSocketMessage?> reading = _socket.ReadAsync();
        await _peer.SendFrameAsync(Opcode.Ping, "?"u8);
        Assert.Equal(Opcode.Pong, (await _peer.ReadFrameAsync()).Opcode);
        Task after = _socket.SendAsync("after").AsTask();
        await source.Writer.CompleteAsync();
        ReceivedFrame last = await _peer.ReadFrameAsync();
        Assert.Equal((Opcode.Continuation, true), (last.Opcode, last.Final));
        Assert.Equal("after", (await _peer.ReadFrameAsync()).Text);
        await Task.WhenAll(sending, after);
        _socket.Abort();
        await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading);
    }

    [Fact]
    public async Task Text_that_is_none_is_refused_and_nothing_is_sent()
    {
        await ConnectAsync();
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _socket.SendAsync("\ud800"));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _socket.SendTextAsync(new byte[] { 0xC3 }));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _socket.SendTextAsync(new MemoryStream([0xC3])));
        await _socket.SendAsync("well");
        Assert.Equal("well", (await _peer.ReadFrameAsync()).Text);
    }

    [Fact]
    public async Task A_source_that_fails_in_the_middle_ends_the_connection()
    {
        await ConnectAsync();
        Pipe source = new(new PipeOptions(pauseWriterThreshold: 0));
        Task sending = _socket.SendAsync(source.Reader.AsStream()).AsTask();
        await source.Writer.WriteAsync(new byte[70_000]);
        Assert.False((await _peer.ReadFrameAsync()).Final);
        await source.Writer.CompleteAsync(new InvalidDataException("the disk is unwell"));
        await Assert.ThrowsAsync<InvalidDataException>(() => sending);
        Assert.False(_socket.IsOpen);
        Assert.Equal(CloseCodes.Abnormal, _socket.CloseCode);
    }

    [Fact]
    public async Task A_send_that_is_cancelled_while_it_waits_has_sent_nothing()
    {
        await ConnectAsync();
        Pipe source = new();
        Task first = _socket.SendAsync(source.Reader.AsStream()).AsTask();
        using CancellationTokenSource cancel = new();
        Task second = _socket.SendAsync("never", cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await source.Writer.CompleteAsync();
        await first;
        Assert.Equal("", (await _peer.ReadFrameAsync()).Text);
        await _socket.SendAsync("open");
        Assert.Equal("open", (await _peer.ReadFrameAsync()).Text);
    }

    [Fact]
    public async Task A_send_that_is_cancelled_in_the_middle_ends_the_connection()
    {
        await ConnectAsync();
        using CancellationTokenSource cancel = new();
        Task sending = _socket.SendAsync(new byte[64 << 20], cancel.Token).AsTask();
        await _peer.ReadAsync(100_000);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.False(_socket.IsOpen);
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () => await _socket.ReadAsync());
        Assert.Equal(WebSocketFailure.Lost, error.Failure);
    }

    [Fact]
    public async Task Sending_on_a_lost_connection_says_so()
    {
        await ConnectAsync();
        _peer.Reset();
        WebSocketClientException error = await Assert.ThrowsAsync<WebSocketClientException>(async () =>
        {
            while (true)
            {
                await _socket.SendAsync(new byte[1000]);
            }
        });
        Assert.Equal(WebSocketFailure.Lost, error.Failure);
        Assert.False(_socket.IsOpen);
    }

    [Fact]
    public async Task Many_senders_take_turns()
    {
        await ConnectAsync();
        Task[] sending = [.. Enumerable.Range(0, 20).Select(i => Task.Run(() => _socket.SendAsync(new string((char)('a' + i), 70_000)).AsTask()))];
        HashSet<char> seen = [];
        for (int i = 0; i < 20; i++)
        {
            string text = (await _peer.ReadFrameAsync()).Text;
            Assert.Equal(new string(text[0], 70_000), text);
            seen.Add(text[0]);
        }
        Assert.Equal(20, seen.Count);
        await Task.WhenAll(sending);
    }

    [Fact]
    public async Task What_pays_is_compressed_where_that_was_agreed()
    {
        await ConnectAsync("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n");
        string text = new('a', 5000);
        await _socket.SendAsync(text);
        await _socket.SendAsync(text, SendOptions.Uncompressed);
        await _socket.SendAsync("short");
        await _socket.SendAsync(RandomBytes(5000));
        await _socket.SendAsync(Pieces(text, text));
        ReceivedFrame frame = await _peer.ReadFrameAsync();
        Assert.True(frame.Compressed);
        Assert.Equal(text, Inflated(frame.Payload));
        for (int i = 0; i < 3; i++)
        {
            Assert.False((await _peer.ReadFrameAsync()).Compressed);
        }
        Assert.Equal(text + text, Inflated((await _peer.ReadFrameAsync()).Payload));
    }

    private async Task ConnectAsync(string further = "")
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, new WebSocketClientOptions { Deflate = further.Length > 0 ? new DeflateOffer() : null });
        (_peer, string request) = await _server.AcceptRequestAsync();
        await _peer.SendAsync(ScriptedPeer.Acceptance(request, further));
        _socket = await connecting;
    }

    private static string Inflated(byte[] payload)
    {
        using DeflateStream stream = new(new MemoryStream([.. payload, 0x00, 0x00, 0xFF, 0xFF]), CompressionMode.Decompress);
        MemoryStream inflated = new();
        stream.CopyTo(inflated);
        return Encoding.UTF8.GetString(inflated.ToArray());
    }

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static ReadOnlySequence<byte> Pieces(params string[] texts)
    {
        Piece? first = null;
        Piece? last = null;
        foreach (string text in texts)
        {
            last = new Piece(Encoding.UTF8.GetBytes(text), last);
            first ??= last;
        }
        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(byte[] bytes, Piece? before)
        {
            Memory = bytes;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            before?.Next = this;
        }
    }
}
