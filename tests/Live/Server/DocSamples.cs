using System.Net;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using WebSocket = Sluice.WebSockets.WebSocket;

namespace Sluice.Live.Server;

/// <summary>The code of docs/websockets.md, and of README.md: every block there is found here, indentation aside.</summary>
internal static class DocSamples
{
    internal static async Task ReadmeServerAsync()
    {
        await using WebSocketServer server = new(new WebSocketServerOptions { EndPoint = new(IPAddress.Loopback, 8080) });
        server.Map("/echo", static (socket, message) => socket.Send(message));
        await server.RunAsync(); // until the process ends, or StopAsync is called
    }

    internal static async Task FirstServerAsync()
    {
        await using WebSocketServer server = new(new WebSocketServerOptions { EndPoint = new(IPAddress.Loopback, 8080) });
        Topic prices = new(server);

        server.Map("/echo", (socket, message) => socket.Send(message));
        server.MapAsync("/prices", async (socket, cancellation) =>
        {
            prices.Subscribe(socket);
            await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
            {
                await socket.SendAsync($"you said {message.Text}", cancellation);
            }
        });

        server.Start();
        while (await NextPriceAsync() is { } price)
        {
            prices.Publish(price);
        }
        await server.StopAsync();
    }

    internal static void MapStyles(WebSocketServer server)
    {
        server.Map("/echo", (socket, message) => socket.Send(message));          // a callback
        server.Map("/chat", new ChatHandler(new Topic(server)));                 // a handler, called by all loops
        server.Map("/count", () => new CountingHandler());                       // a handler for each loop
        server.MapAsync("/await", EchoAsync);                                    // a task for each socket
    }

    internal static async Task EchoAsync(AsyncWebSocket socket, CancellationToken cancellation)
    {
        await foreach (WebSocketMessage message in socket.ReadAllAsync(cancellation))
        {
            await socket.SendAsync(message, cancellation);
        }
    }

    internal static async Task TickAsync(AsyncWebSocket socket, CancellationToken cancellation)
    {
        while (true) // until the connection is over
        {
            await socket.SendAsync("tick", cancellation);
            await Task.Delay(1000, cancellation);
        }
    }

    internal static void MapStreams(WebSocketServer server)
    {
        server.MapAsync("/upload", async (socket, cancellation) =>
        {
            while (await socket.ReadStreamAsync(cancellation) is { } upload)
            {
                await using FileStream file = File.Create(Path.GetTempFileName());
                await upload.CopyToAsync(file, cancellation);
                file.Position = 0;
                await socket.SendAsync(file, cancellation);
            }
        });
    }

    internal static void MapGuarded(WebSocketServer server)
    {
        server.Map("/private", new GreetingHandler(), server.Options with
        {
            Policy = HandshakePolicy.Only("https://example.com"),
            Subprotocols = ["chat.v2", "chat.v1"],
            Judge = Judge,
        });
    }

    internal static HandshakeVerdict Judge(in HandshakeRequest request, out object? claims)
    {
        claims = TicketOffice.OwnerOf(request.Query);
        return claims is null ? new HandshakeVerdict(403, "A ticket is needed.") : HandshakeVerdict.Accept;
    }

    internal static WebSocketServerOptions Limited => new()
    {
        Limits = new WebSocketLimits { MessageBytesMax = 1 << 20 },
        Overflow = OverflowPolicy.DropOldest,
        LoopOptions = new EventLoopOptions { ConnectionsPerAddressMax = 100, UnsentBytesMax = 256 << 10 },
        Deflate = new DeflateOptions(),
    };

    internal static Task<string?> NextPriceAsync() => Task.FromResult<string?>(null);

    internal sealed class ChatHandler(Topic room) : WebSocketHandler<ChatHandler.Member>
    {
        public struct Member
        {
            public string? Name;
        }

        public override void Opened(WebSocket socket, ref Member member, Admitted admitted) => room.Subscribe(socket);

        public override void Received(WebSocket socket, ref Member member, ReceivedMessage message)
        {
            if (member.Name is null)
            {
                member.Name = message.Text;
                return;
            }
            if (!room.Publish($"{member.Name}: {message.Text}"))
            {
                socket.Send("The room is too busy.");
            }
        }

        public override void Closed(WebSocket socket, ref Member member, ushort code) => room.Publish($"{member.Name} left ({code})");
    }

    internal sealed class CountingHandler : WebSocketHandler
    {
        private int _count; // of this loop's messages: one thread's, so no lock

        public override void Received(WebSocket socket, ReceivedMessage message) => socket.Send($"{++_count}");
    }

    internal sealed class ReportHandler : WebSocketHandler<int>
    {
        private const int Lines = 1_000_000;

        public override void Received(WebSocket socket, ref int next, ReceivedMessage message) => SendOn(socket, ref next);

        public override void Drained(WebSocket socket, ref int next) => SendOn(socket, ref next);

        private static void SendOn(WebSocket socket, ref int next)
        {
            while (next < Lines && socket.SendPart(Encoding.UTF8.GetBytes($"line {next}\n"), last: next == Lines - 1, Opcode.Text) != SendResult.Refused)
            {
                next++;
            }
        }
    }

    internal sealed class GreetingHandler : WebSocketHandler
    {
        public override void Opened(WebSocket socket, Admitted admitted) => socket.Send($"Welcome, {admitted.Claims}.");
    }

    private static class TicketOffice
    {
        internal static string? OwnerOf(ReadOnlySpan<byte> query) => query.IsEmpty ? null : Encoding.UTF8.GetString(query);
    }
}
