using System.Collections.Concurrent;
using System.Net.WebSockets;
using Sluice.WebSockets;
using Xunit;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>What a handler is told, what it may keep, and what its mistakes cost.</summary>
public sealed class HandlerTests
{
    [Fact]
    public async Task EachSocketHasAStateThatIsNewForTheNext()
    {
        Counting counting = new();
        await using ServerRig rig = ServerRig.Start(server => server.Map("/count", counting));
        for (int round = 0; round < 3; round++)
        {
            ClientWebSocket one = await rig.ConnectAsync("/count");
            ClientWebSocket two = await rig.ConnectAsync("/count");
            for (int i = 1; i <= 3; i++)
            {
                await rig.SendAsync(one, "?");
                Assert.Equal($"{i}", await rig.ReadAsync(one));
            }
            await rig.SendAsync(two, "?");
            Assert.Equal("1", await rig.ReadAsync(two));
            await one.CloseAsync((WebSocketCloseStatus)4000, null, rig.Patience);
            await two.CloseAsync((WebSocketCloseStatus)4001, null, rig.Patience);
        }
        await rig.UntilAsync(() => counting.Ends.Count == 6);
        Assert.Equal(["3 4000", "3 4000", "3 4000"], counting.Ends.Where(static told => told.EndsWith('0')));
    }

    [Fact]
    public async Task AHandlerForEachLoopIsMadeOnceForEach()
    {
        int made = 0;
        await using ServerRig rig = ServerRig.Start(server => server.Map("/own", () => new Numbered(Interlocked.Increment(ref made))), new() { Loops = 3 });
        HashSet<string?> seen = [];
        for (int i = 0; i < 9; i++)
        {
            seen.Add(await rig.ReadAsync(await rig.ConnectAsync("/own")));
        }
        Assert.Equal(["1", "2", "3"], seen.Order());
    }

    [Fact]
    public async Task AHandlerForEachLoopMayGiveItsSocketsStates()
    {
        int made = 0;
        await using ServerRig rig = ServerRig.Start(
            server => server.Map("/own", () =>
            {
                Interlocked.Increment(ref made);
                return new Counting();
            }),
            new() { Loops = 3 });
        Assert.Equal(3, made);
        ClientWebSocket one = await rig.ConnectAsync("/own");
        ClientWebSocket two = await rig.ConnectAsync("/own");
        foreach ((ClientWebSocket client, string count) in ((ClientWebSocket, string)[])[(one, "1"), (one, "2"), (two, "1")])
        {
            await rig.SendAsync(client, "?");
            Assert.Equal(count, await rig.ReadAsync(client));
        }
    }

    [Theory]
    [InlineData("/callback")]
    [InlineData("/await")]
    public async Task AnExceptionClosesItsSocketAloneAndIsToldOnce(string path)
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/callback", static (socket, message) => socket.Send($"{int.Parse(message.Text, null)}"));
            server.MapAsync("/await", static async (socket, cancellation) =>
            {
                await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
                {
                    await socket.SendAsync($"{int.Parse(message.Text, null)}", cancellation);
                }
            });
        });
        ClientWebSocket good = await rig.ConnectAsync(path);
        ClientWebSocket bad = await rig.ConnectAsync(path);
        await rig.SendAsync(bad, "1");
        await rig.SendAsync(bad, "two");
        await rig.SendAsync(bad, "three");
        Assert.Equal("1", await rig.ReadAsync(bad));
        Assert.Null(await rig.ReadAsync(bad));
        Assert.Equal(WebSocketCloseStatus.InternalServerError, bad.CloseStatus);
        await rig.SendAsync(good, "4");
        Assert.Equal("4", await rig.ReadAsync(good));
        await rig.UntilAsync(() => !rig.Errors.IsEmpty);
        Assert.IsType<FormatException>(Assert.Single(rig.Errors));
    }

    [Fact]
    public async Task AnExceptionInAnyCallbackIsCaught()
    {
        await using ServerRig rig = ServerRig.Start(static server =>
        {
            server.Map("/Opened", new Failing("Opened"));
            server.Map("/Received", new Failing("Received"));
            server.Map("/Closed", new Failing("Closed"));
        });
        foreach (string callback in (string[])["Opened", "Received", "Closed"])
        {
            ClientWebSocket client = await rig.ConnectAsync($"/{callback}");
            await rig.SendAsync(client, "close me");
            Assert.Null(await rig.ReadAsync(client));
        }
        await rig.UntilAsync(() => rig.Errors.Count == 3);
        Assert.Equal(["Closed", "Opened", "Received"], rig.Errors.Select(static error => error.Message).Order());
    }

    private sealed class Counting : WebSocketHandler<Counting.State>
    {
        internal ConcurrentQueue<string> Ends { get; } = new();

        public override void Received(WebSocket socket, ref State state, ReceivedMessage message) => socket.Send($"{++state.Count}");

        public override void Closed(WebSocket socket, ref State state, ushort code) => Ends.Enqueue($"{state.Count} {code}");

        internal struct State
        {
            internal int Count;
        }
    }

    private sealed class Numbered(int number) : WebSocketHandler
    {
        public override void Opened(WebSocket socket, Admitted admitted) => socket.Send($"{number}");
    }

    private sealed class Failing(string where) : WebSocketHandler
    {
        public override void Opened(WebSocket socket, Admitted admitted) => FailAt("Opened");

        public override void Received(WebSocket socket, ReceivedMessage message)
        {
            FailAt("Received");
            socket.Close();
        }

        public override void Closed(WebSocket socket, ushort code) => FailAt("Closed");

        private void FailAt(string here)
        {
            if (here == where)
            {
                throw new InvalidOperationException(here);
            }
        }
    }
}
