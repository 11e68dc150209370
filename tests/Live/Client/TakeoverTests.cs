using Sluice.Live.Client.Peers;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Client;

/// <summary>A server whose compressed messages look back at earlier ones, and those that keep several connections to it.</summary>
public sealed class TakeoverTests : IDisposable
{
    private const string Agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

    private static readonly byte[] s_hello = [0xC1, 7, .. Convert.FromHexString("F248CDC9C90700")]; // RFC 7692, 7.2.3.1
    private static readonly byte[] s_helloAgain = [0xC1, 5, .. Convert.FromHexString("F200110000")]; // 7.2.3.2: looks back at the first

    private static readonly WebSocketClientOptions s_options = new() { Deflate = new DeflateOffer(), PingIntervalMs = 0, CloseTimeoutMs = 100 };

    private readonly ScriptedServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Each_connection_of_one_that_reconnects_has_its_own_history()
    {
        await using ReconnectingWebSocket socket = new(_server.Uri, new() { Client = s_options, BackoffMinMs = 0, BackoffMaxMs = 0 });
        ValueTask<WebSocketMessage?> reading = socket.ReadAsync();
        for (int i = 0; i < 2; i++)
        {
            using ScriptedPeer peer = await _server.UpgradeAsync(Agreed);
            await peer.SendAsync([.. s_hello, .. s_helloAgain]);
            Assert.Equal("Hello", (await reading)!.Value.Text);
            Assert.Equal("Hello", (await socket.ReadAsync())!.Value.Text);
            await peer.SendCloseAsync(CloseCodes.GoingAway);
            reading = socket.ReadAsync();
            await peer.ExpectCloseAsync();
        }
        await ExpectNoHistoryAsync(await _server.UpgradeAsync(Agreed));
        using ScriptedPeer last = await _server.UpgradeAsync(Agreed);
        await last.SendAsync(s_hello);
        Assert.Equal("Hello", (await reading)!.Value.Text);
    }

    [Fact]
    public async Task A_connection_that_is_rented_again_goes_on_with_its_history_and_another_has_none()
    {
        await using WebSocketPool pool = new(_server.Uri, new() { Client = s_options });
        Task<PooledWebSocket> renting = pool.RentAsync().AsTask();
        using ScriptedPeer peer = await _server.UpgradeAsync(Agreed);
        await using (PooledWebSocket rented = await renting)
        {
            await peer.SendAsync(s_hello);
            Assert.Equal("Hello", (await rented.Socket.ReadAsync())!.Value.Text);
        }
        await using PooledWebSocket again = await pool.RentAsync();
        await peer.SendAsync(s_helloAgain);
        Assert.Equal("Hello", (await again.Socket.ReadAsync())!.Value.Text);
        renting = pool.RentAsync().AsTask();
        ScriptedPeer other = await _server.UpgradeAsync(Agreed);
        await using PooledWebSocket second = await renting;
        ValueTask<WebSocketMessage?> reading = second.Socket.ReadAsync();
        await ExpectNoHistoryAsync(other);
        Assert.Equal(WebSocketFailure.ProtocolError, (await Assert.ThrowsAsync<WebSocketClientException>(async () => await reading)).Failure);
    }

    private static async Task ExpectNoHistoryAsync(ScriptedPeer peer)
    {
        using (peer)
        {
            await peer.SendAsync(s_helloAgain);
            Assert.Equal(CloseCodes.InvalidPayload, await peer.ExpectCloseAsync());
        }
    }
}
