using System.Net;
using System.Net.WebSockets;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Epoll;

/// <summary>Compressed messages of every kind, at a peer with an inflater of its own.</summary>
public sealed class CompressionTests
{
    private const int Messages = 400;

    [Theory]
    [InlineData(15, true)]
    [InlineData(12, true)]
    [InlineData(9, true)]
    [InlineData(15, false)]
    [InlineData(9, false)]
    public async Task Fresh_chained_plain_and_foreign_messages_mix_and_a_foreign_inflater_reads_them(int windowBits, bool takeover)
    {
        using ClientWebSocket socket = new();
        socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions { ServerMaxWindowBits = windowBits, ServerContextTakeover = takeover };
        await Converse(socket);
    }

    [Fact]
    public async Task A_peer_that_did_not_agree_gets_them_plain()
    {
        using ClientWebSocket socket = new();
        await Converse(socket);
    }

    // Asks for the mix some times over, so that the window slides, and sends compressed and fragmented messages meanwhile.
    private static async Task Converse(ClientWebSocket socket)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        using ListeningSocket listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), backlog: 8);
        using EpollSystem system = new(static _ => { }, listener);
        EventLoop loop = new(system);
        loop.Serve(new Mixer(loop));
        LoopThread thread = new(loop, "loop");
        thread.Start();
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{listener.EndPoint}/mix"), patience.Token);
            for (int seed = 1; seed <= 3; seed++)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes($"{seed}"), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
                foreach (string expected in Mixer.Script(seed).Select(static step => step.Text))
                {
                    Assert.Equal(expected, await ReceiveAsync(socket, patience.Token));
                }
            }
            string large = string.Concat(Enumerable.Range(0, 5_000).Select(static i => $"{i * 7919 % 10_007} "));
            await socket.SendAsync(Encoding.UTF8.GetBytes(large[..9_000]), WebSocketMessageType.Text, endOfMessage: false, patience.Token);
            await socket.SendAsync(Encoding.UTF8.GetBytes(large[9_000..]), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
            Assert.Equal(large, await ReceiveAsync(socket, patience.Token));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", patience.Token);
        }
        finally
        {
            loop.Post(new Shutdown(loop));
            thread.Join();
        }
        Assert.Equal(default, loop.Resources);
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        byte[] buffer = new byte[128 << 10];
        int length = 0;
        WebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(new ArraySegment<byte>(buffer, length, buffer.Length - length), cancellation);
            length += result.Count;
        }
        while (!result.EndOfMessage);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>To a number it answers with the mix of that seed; everything else it sends back.</summary>
    private sealed class Mixer : Endpoint
    {
        private readonly EventLoop _loop;
        private readonly MessageEncoder[] _sources;

        internal Mixer(EventLoop loop)
            : base("/mix")
        {
            _loop = loop;
            _sources = [new MessageEncoder(loop.Deflater), new MessageEncoder(loop.Deflater)];
            Deflate = new DeflateOptions { MessageBytesMin = 100 };
        }

        internal static IEnumerable<(int Way, string Text)> Script(int seed)
        {
            Random dice = new(seed);
            for (int i = 0; i < Messages; i++)
            {
                int way = Math.Max(0, dice.Next(12) - 7); // mostly the first source
                yield return (way, $"{{\"number\":{i},\"price\":{dice.Next(100_000)},\"venue\":\"somewhere\",\"text\":\"{new string('é', dice.Next(300))}\"}}");
            }
        }

        public override void Opened(Handle connection)
        {
        }

        public override void Received(Handle connection, Opcode opcode, Span<byte> message)
        {
            if (!int.TryParse(message, out int seed))
            {
                _loop.Send(connection, opcode, message);
                return;
            }
            foreach ((int way, string text) in Script(seed))
            {
                byte[] bytes = Encoding.UTF8.GetBytes(text);
                switch (way)
                {
                    case 2:
                        _loop.Send(connection, opcode, bytes);
                        break;
                    case 3:
                        _loop.Send(connection, opcode, bytes, SendOptions.Uncompressed);
                        break;
                    case 4:
                        _sources[0].Encode(opcode, bytes, _loop.Buffers); // a message that this peer never gets
                        _loop.SendShared(connection, _sources[1].Encode(opcode, bytes, _loop.Buffers));
                        break;
                    default:
                        _loop.SendShared(connection, _sources[0].Encode(opcode, bytes, _loop.Buffers));
                        break;
                }
            }
        }

        public override void Closed(Handle connection, ushort code)
        {
        }
    }

    private sealed class Shutdown(EventLoop loop) : LoopMessage
    {
        public override void Run() => loop.BeginShutdown();
    }
}
