using System.Net.WebSockets;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>Messages that are never held whole, both ways.</summary>
public sealed class StreamingTests
{
    private const int MessageBytes = 64 << 20;
    private const int HeldBytesMax = 24 << 20; // by server, client and test together, with what waits to be collected

    [Theory]
    [InlineData("/up/handler")]
    [InlineData("/up/await")]
    public async Task ALargeMessageIsTakenAsItArrives(string path)
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/up/handler", new Summing());
            server.MapAsync("/up/await", static async (socket, cancellation) =>
            {
                await using WebSocketMessageStream stream = (await socket.ReadStreamAsync(cancellation))!;
                byte[] buffer = new byte[10_000];
                Sum sum = default;
                for (int count; (count = await stream.ReadAsync(buffer, cancellation)) > 0;)
                {
                    sum.Add(buffer.AsSpan(0, count));
                }
                await socket.SendAsync(sum.ToString(), cancellation);
                await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
                {
                    sum = default;
                    sum.Add(message.Bytes.Span);
                    await socket.SendAsync(sum.ToString(), cancellation);
                }
            });
        });
        ClientWebSocket client = await rig.ConnectAsync(path);
        byte[] piece = new byte[100_000];
        Sum sent = default;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int left = MessageBytes; left > 0; left -= piece.Length)
        {
            ArraySegment<byte> next = new(piece, 0, Math.Min(left, piece.Length));
            Random.Shared.NextBytes(next);
            sent.Add(next);
            await client.SendAsync(next, WebSocketMessageType.Binary, left <= piece.Length, rig.Patience);
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: false) - before, long.MinValue, HeldBytesMax);
        }
        Assert.Equal($"{sent}", await rig.ReadAsync(client));
        await rig.SendAsync(client, "next");
        sent = default;
        sent.Add("next"u8);
        Assert.Equal($"{sent}", await rig.ReadAsync(client));
        Assert.Empty(rig.Errors);
    }

    [Theory]
    [InlineData("/down/handler")]
    [InlineData("/down/await")]
    public async Task ALargeMessageIsSentAsItIsTaken(string path)
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/down/handler", new Pouring());
            server.MapAsync("/down/await", static async (socket, cancellation) =>
            {
                await socket.ReadAsync(cancellation);
                await socket.SendAsync(new Endless(MessageBytes), cancellation);
                Assert.True(await socket.SendAsync("end", cancellation));
            });
        });
        ClientWebSocket client = await rig.ConnectAsync(path);
        await rig.SendAsync(client, "go");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        byte[] buffer = new byte[50_000];
        long received = 0;
        WebSocketReceiveResult result;
        do
        {
            result = await client.ReceiveAsync(buffer, rig.Patience);
            for (int i = 0; i < result.Count; i += 997)
            {
                Assert.Equal(Endless.At(received + i), buffer[i]);
            }
            received += result.Count;
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: false) - before, long.MinValue, HeldBytesMax);
        }
        while (!result.EndOfMessage);
        Assert.Equal(MessageBytes, received);
        Assert.Equal("end", await rig.ReadAsync(client));
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AStreamMayBeLeftUnreadAndTheNextMessageComes()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, cancellation) =>
        {
            while (await socket.ReadStreamAsync(cancellation) is { } stream)
            {
                byte[] buffer = new byte[4];
                int count = await stream.ReadAtLeastAsync(buffer, 4, throwOnEndOfStream: false, cancellation);
                await socket.SendTextAsync(buffer.AsMemory(0, count), cancellation);
            }
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        foreach (string text in (string[])["one", "four" + new string('x', 500_000), "five!", ""])
        {
            await rig.SendAsync(client, text);
            Assert.Equal(text[..Math.Min(4, text.Length)], await rig.ReadAsync(client));
        }
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AStreamWhoseConnectionEndsIsNoWholeMessage()
    {
        TaskCompletionSource<Exception?> told = new();
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (socket, cancellation) =>
        {
            WebSocketMessageStream stream = (await socket.ReadStreamAsync(cancellation))!;
            await socket.SendAsync("begun", cancellation);
            told.SetResult(await Record.ExceptionAsync(() => stream.CopyToAsync(Stream.Null, CancellationToken.None)));
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        await client.SendAsync(new byte[100], WebSocketMessageType.Binary, endOfMessage: false, rig.Patience);
        Assert.Equal("begun", await rig.ReadAsync(client)); // else the reset might overtake the message
        client.Abort();
        Assert.IsType<IOException>(await told.Task);
    }

    [Fact]
    public async Task ASourceThatFailsInTheMiddleClosesTheConnection()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, cancellation) =>
            await socket.SendAsync(new Endless(1 << 20) { FailsAt = 1 << 19 }, cancellation)));
        ClientWebSocket client = await rig.ConnectAsync("/");
        Assert.Null(await rig.ReadBytesAsync(client));
        Assert.Equal(WebSocketCloseStatus.InternalServerError, client.CloseStatus);
        await rig.UntilAsync(() => !rig.Errors.IsEmpty);
        Assert.IsType<InvalidDataException>(Assert.Single(rig.Errors));
    }

    private struct Sum
    {
        private long _bytes;
        private uint _sum;

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            _bytes += bytes.Length;
            foreach (byte b in bytes)
            {
                _sum = (_sum * 31) + b;
            }
        }

        public override readonly string ToString() => $"{_bytes} {_sum}";
    }

    private sealed class Summing : WebSocketHandler<Sum>
    {
        public override bool TakesParts => true;

        public override void ReceivedPart(WebSocket socket, ref Sum state, Opcode opcode, ReadOnlySpan<byte> part, bool last)
        {
            state.Add(part);
            if (last)
            {
                socket.Send($"{state}");
                state = default;
            }
        }
    }

    /// <summary>Sends parts for as long as they are taken at once, and goes on when drained.</summary>
    private sealed class Pouring : WebSocketHandler<long>
    {
        public override void Received(WebSocket socket, ref long sent, ReceivedMessage message) => Pour(socket, ref sent);

        public override void Drained(WebSocket socket, ref long sent) => Pour(socket, ref sent);

        private static void Pour(WebSocket socket, ref long sent)
        {
            byte[] part = new byte[20_000];
            while (sent < MessageBytes)
            {
                int count = (int)Math.Min(part.Length, MessageBytes - sent);
                Endless.Fill(part.AsSpan(0, count), sent);
                if (socket.SendPart(part.AsSpan(0, count), last: sent + count == MessageBytes) == SendResult.Refused)
                {
                    return;
                }
                sent += count;
                if (sent == MessageBytes)
                {
                    socket.Send("end");
                }
            }
        }
    }

    /// <summary>So many bytes, each known by its position.</summary>
    private sealed class Endless(long length) : Stream
    {
        private long _position;

        internal long FailsAt { get; init; } = long.MaxValue;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        internal static byte At(long position) => (byte)((position * 31) ^ (position >> 13));

        internal static void Fill(Span<byte> bytes, long position)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = At(position + i);
            }
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            if (_position > FailsAt)
            {
                throw new InvalidDataException("the source is damaged");
            }
            int read = (int)Math.Min(count, length - _position);
            Fill(buffer.AsSpan(offset, read), _position);
            _position += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
