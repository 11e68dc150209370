using System.Net.WebSockets;
using System.Security.Cryptography;
using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>A server with a certificate speaks TLS, and is the same server otherwise.</summary>
public sealed class WssTests : IAsyncLifetime
{
    private readonly CertificateFolder _folder = new();
    private ServerCertificate _certificate = null!;
    private ServerRig _rig = null!;

    public ValueTask InitializeAsync()
    {
        _certificate = _folder.Load();
        WebSocketServerOptions options = new()
        {
            Loops = 2,
            Certificate = _certificate,
            Limits = new WebSocketLimits { MessageBytesMax = 4 << 20 },
            Deflate = new DeflateOptions(),
        };
        _rig = ServerRig.Start(static server =>
        {
            server.Map("/callback", static (socket, message) => socket.Send(message));
            server.MapAsync("/await", DocSamples.EchoAsync);
        }, options);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/callback", false)]
    [InlineData("/callback", true)]
    [InlineData("/await", false)]
    [InlineData("/await", true)]
    public async Task MessagesComeBackWholeAndInOrder(string path, bool deflate)
    {
        ClientWebSocket client = await ConnectAsync(path, CertificateFolder.FirstSubject, deflate);
        foreach (int length in (int[])[0, 1, 125, 126, 65_535, 65_536, 100_000, 3_000_000, 5])
        {
            byte[] message = RandomNumberGenerator.GetBytes(length);
            message.AsSpan(length / 2).Clear();
            Task sending = client.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, _rig.Patience);
            Assert.Equal(message, await _rig.ReadBytesAsync(client));
            await sending;
        }
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", _rig.Patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.Empty(_rig.Errors);
    }

    [Fact]
    public async Task ANewCertificateIsForNewConnectionsAndOldOnesGoOn()
    {
        ClientWebSocket old = await ConnectAsync("/callback", CertificateFolder.FirstSubject);
        _folder.Write("second");
        _certificate.Reload();
        await ConnectAsync("/callback", "CN=second");
        await _rig.SendAsync(old, "still here");
        Assert.Equal("still here", await _rig.ReadAsync(old));
    }

    [Fact]
    public async Task WithoutTlsNobodyIsServed()
    {
        using ClientWebSocket client = new();
        await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(new Uri($"ws://{_rig.Server.EndPoint}/callback"), _rig.Patience));
    }

    private Task<ClientWebSocket> ConnectAsync(string path, string subject, bool deflate = false) => _rig.ConnectAsync(path, options =>
    {
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == subject;
        options.DangerousDeflateOptions = deflate ? new() : null;
    });
}
