using Sluice.Loop;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

public sealed class OptionsTests
{
    [Fact]
    public void Options_with_which_nothing_could_run_are_refused_by_name()
    {
        (string Name, Func<WebSocketServerOptions> Make)[] wrong =
        [
            ("RunQuantum", static () => new() { LoopOptions = new EventLoopOptions { RunQuantum = 0 } }),
            ("TurnQuantum", static () => new() { LoopOptions = new EventLoopOptions { TurnQuantum = 0 } }),
            ("PongTimeoutMs", static () => new() { LoopOptions = new EventLoopOptions { PongTimeoutMs = 0 } }),
            ("HandshakeTimeoutMs", static () => new() { LoopOptions = new EventLoopOptions { HandshakeTimeoutMs = 0 } }),
            ("FragmentsMax", static () => new() { Limits = new WebSocketLimits { FragmentsMax = -1 } }),
            ("MessageBytesMin", static () => new() { Deflate = new DeflateOptions { MessageBytesMin = -1 } }),
            ("HandshakesMax", static () => new() { TlsLimits = new TlsLimits { HandshakesMax = 0 } }),
            ("Loops", static () => new() { Loops = 0 }),
            ("PostedBytesMax", static () => new() { PostedBytesMax = -1 }),
        ];
        foreach ((string name, Func<WebSocketServerOptions> make) in wrong)
        {
            Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketServer(make())).ParamName);
        }
    }
}
