using Sluice.Live.Client.Peers;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

/// <summary>A client of ours, upgraded, and a peer that does what the test says. Time is the test's.</summary>
public abstract class ScriptedConversation : IAsyncLifetime
{
    private readonly ScriptedServer _server = new();
    private readonly WebSocketClientOptions _options;

    private protected ScriptedConversation(WebSocketClientOptions options) => _options = options with { TimeProvider = Clock };

    private protected ManualClock Clock { get; } = new();

    private protected ScriptedPeer Peer { get; private set; } = null!;

    private protected WebSocketClient Socket { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Task<WebSocketClient> connecting = WebSocketClient.ConnectAsync(_server.Uri, _options);
        Peer = await _server.UpgradeAsync();
        Socket = await connecting;
    }

    public ValueTask DisposeAsync()
    {
        Socket.Abort();
        Peer.Dispose();
        _server.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
