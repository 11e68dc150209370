// The engine alone, for the bench: one loop over epoll that echoes, feeds, and is told by a control connection what to publish.
//   Sluice.Bench.Server [--deflate] [--data DIRECTORY] [--message-bytes-max N]
using System.Net;
using System.Runtime.InteropServices;
using Sluice.Bench.Server;
using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;

const int Backlog = 4096;
const int MessageBytesMax = 4 << 20;

DeflateOptions? deflate = args.Contains("--deflate") ? new DeflateOptions() : null;
WebSocketLimits limits = WebSocketLimits.Default with { MessageBytesMax = Value("--message-bytes-max") is string bytes ? long.Parse(bytes) : MessageBytesMax };

ListeningSocket listener = ListeningSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), Backlog);
using EpollSystem system = new(static _ => { }, listener);
EventLoop loop = new(system, EventLoopOptions.Default);
Feed feed = new(loop, Value("--data")) { Deflate = deflate };
loop.Serve(new EchoEndpoint(loop, "/echo") { Limits = limits, Deflate = deflate });
loop.Serve(feed);
loop.Serve(new Control(loop, feed));

using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
Console.WriteLine($"listening on http://{listener.EndPoint}");
while (!loop.Stopped)
{
    loop.Turn();
}

void End(PosixSignalContext context)
{
    context.Cancel = true;
    loop.Post(new Shutdown(loop));
}

string? Value(string name) => Array.IndexOf(args, name) is int at and >= 0 ? args[at + 1] : null;

internal sealed class Shutdown(EventLoop loop) : LoopMessage
{
    public override void Run() => loop.BeginShutdown();
}
