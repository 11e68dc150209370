using System.Net.WebSockets;
using System.Text;
using Sluice.Live.Hardening;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>The await style: what is read, what a token cancels, and how it ends.</summary>
public sealed class AwaitTests
{
    [Fact]
    public async Task AFullInboxHoldsTheClientAndLosesNothing()
    {
        const int Messages = 10_000;
        TaskCompletionSource go = new();
        await using ServerRig rig = ServerRig.Start(
            server => server.MapAsync("/", async (socket, cancellation) =>
            {
                await go.Task;
                for (int i = 0; await socket.ReadAsync(cancellation) is { } message; i++)
                {
                    Assert.StartsWith($"{i} ", message.Text, StringComparison.Ordinal);
                    if (i == Messages - 1)
                    {
                        await socket.SendAsync("all", cancellation);
                    }
                }
            }),
            new() { Loops = 1, InboxBytesMax = 2000 });
        using Peer peer = new(rig.Server.EndPoint);
        peer.Upgrade("/");
        byte[] frames = [.. Enumerable.Range(0, Messages).SelectMany(static i => Peer.Frame(Opcode.Text, Encoding.ASCII.GetBytes($"{i} {new string('x', 2000)}")))];
        int sent = 0;
        for (int more = -1; more != 0;)
        {
            more = peer.SendSome(frames.AsSpan(sent));
            sent += more;
        }
        Assert.InRange(sent, 1, frames.Length - 1); // the client feels it
        go.SetResult();
        peer.Send(frames.AsSpan(sent));
        Assert.Equal("all"u8, peer.ReadFrame().Payload);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task WhatAFewBytesInflateToIsHeldAsWell()
    {
        const int Messages = 2_000; // 125 MB, which a client sends as 200 KB
        const int MessageBytes = 64 << 10;
        TaskCompletionSource go = new();
        await using ServerRig rig = ServerRig.Start(
            server =>
            {
                server.MapAsync("/", async (socket, cancellation) =>
                {
                    await go.Task;
                    for (int i = 0; await socket.ReadAsync(cancellation) is { } message; i++)
                    {
                        Assert.Equal(MessageBytes, message.Bytes.Length);
                        if (i == Messages - 1)
                        {
                            await socket.SendAsync("all", cancellation);
                        }
                    }
                });
                server.Map("/other", static (_, _) => { });
            },
            new() { Loops = 1, InboxBytesMax = 2000, Deflate = new(), Limits = new() { MessageBytesMax = MessageBytes } });
        using Peer other = new(rig.Server.EndPoint);
        other.Upgrade("/other");
        byte[] frame = Wire.Frame(Opcode.Binary, Wire.Deflated(new byte[MessageBytes]), compressed: true);
        byte[] frames = [.. Enumerable.Repeat(frame, Messages).SelectMany(static bytes => bytes)];
        using Peer peer = new(rig.Server.EndPoint);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        peer.Send(Wire.Request(Wire.Good + Wire.Deflate, "GET / HTTP/1.1"));
        Assert.StartsWith("HTTP/1.1 101 ", peer.ReadHead(), StringComparison.Ordinal);
        peer.Send(frames);
        for (int turn = 0; turn < 200; turn++)
        {
            other.SendFrame(Opcode.Ping, "?"u8);
            Assert.Equal(Opcode.Pong, other.ReadFrame().Opcode);
        }
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 8 << 20);
        go.SetResult();
        Assert.Equal("all"u8, peer.ReadFrame().Payload);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task WhatCameBeforeTheCloseIsRead()
    {
        TaskCompletionSource go = new();
        TaskCompletionSource<string> read = new();
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (socket, cancellation) =>
        {
            await go.Task;
            StringBuilder all = new();
            await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
            {
                all.Append(message.Text);
            }
            Exception? late = await Record.ExceptionAsync(async () => await socket.SendAsync("too late", CancellationToken.None));
            read.SetResult($"{all} {socket.CloseCode} {late is OperationCanceledException} {cancellation.IsCancellationRequested} {await socket.ReadAsync(cancellation) is null}");
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        foreach (string text in (string[])["a", "b", "c"])
        {
            await rig.SendAsync(client, text);
        }
        await client.CloseAsync((WebSocketCloseStatus)4005, null, rig.Patience);
        go.SetResult();
        Assert.Equal("abc 4005 True True True", await read.Task);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task TheTokenTellsThatTheConnectionIsOver()
    {
        TaskCompletionSource cancelled = new();
        await using ServerRig rig = ServerRig.Start(server => server.MapAsync("/", async (_, cancellation) =>
        {
            await using CancellationTokenRegistration registration = cancellation.Register(cancelled.SetResult);
            await Task.Delay(Timeout.Infinite, cancellation); // its exception is no error: it was told to stop
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        client.Abort();
        await cancelled.Task.WaitAsync(rig.Patience);
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task ReturningClosesWith1000AfterWhatWasSent()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, cancellation) =>
            await socket.SendAsync("bye", cancellation)));
        ClientWebSocket client = await rig.ConnectAsync("/");
        Assert.Equal("bye", await rig.ReadAsync(client));
        Assert.Null(await rig.ReadAsync(client));
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    [Fact]
    public async Task ACancelledReadLosesNothing()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, cancellation) =>
        {
            using CancellationTokenSource impatience = new();
            ValueTask<WebSocketMessage?> reading = socket.ReadAsync(impatience.Token);
            await socket.SendAsync("begun", cancellation);
            await impatience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
            await socket.SendAsync("cancelled", cancellation);
            await socket.SendAsync((await socket.ReadAsync(cancellation))!.Value, cancellation);
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        Assert.Equal("begun", await rig.ReadAsync(client));
        Assert.Equal("cancelled", await rig.ReadAsync(client));
        await rig.SendAsync(client, "hello");
        Assert.Equal("hello", await rig.ReadAsync(client));
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task OneReadsAndSeveralSend()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.MapAsync("/", static async (socket, cancellation) =>
        {
            ValueTask<WebSocketMessage?> reading = socket.ReadAsync(cancellation);
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await socket.ReadAsync(cancellation));
            await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () =>
            {
                for (int n = 0; n < 20; n++)
                {
                    Assert.True(await socket.SendAsync($"{i} {n}", cancellation));
                }
            }, cancellation)));
            Assert.Null(await reading);
        }));
        ClientWebSocket client = await rig.ConnectAsync("/");
        List<string> got = [];
        while (got.Count < 200)
        {
            got.Add((await rig.ReadAsync(client))!);
        }
        Assert.Equal(200, got.Distinct().Count());
        Assert.All(got.GroupBy(static text => text[0]), static group => Assert.Equal(Enumerable.Range(0, 20).Select(n => $"{group.Key} {n}"), group));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }

    [Fact]
    public async Task AMessageThatIsTooLongToBeReadWholeClosesWith1009()
    {
        await using ServerRig rig = ServerRig.Start(
            static server => server.MapAsync("/", static async (socket, cancellation) =>
            {
                Assert.Equal(1000, (await socket.ReadAsync(cancellation))!.Value.Bytes.Length);
                Assert.Null(await socket.ReadAsync(cancellation));
            }),
            new() { Loops = 1, Limits = new WebSocketLimits { MessageBytesMax = 1000 } });
        foreach (int length in (int[])[1001, 300_000])
        {
            ClientWebSocket client = await rig.ConnectAsync("/");
            await client.SendAsync(new byte[1000], WebSocketMessageType.Binary, endOfMessage: true, rig.Patience);
            await client.SendAsync(new byte[length], WebSocketMessageType.Binary, endOfMessage: true, rig.Patience);
            Assert.Null(await rig.ReadAsync(client));
            Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.CloseStatus);
            client.Abort();
        }
        await rig.Server.StopAsync(rig.Patience);
        Assert.Empty(rig.Errors);
    }
}
