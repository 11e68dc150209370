// Echoes every message, as ASP.NET Core's documentation shows it.
//   AspNetCorePeer [--deflate] [--certificate FILE --certificate-key FILE]
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;

bool deflate = args.Contains("--deflate");
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
{
    if (Value("--certificate") is string certificate)
    {
        listen.UseHttps(X509Certificate2.CreateFromPemFile(certificate, Value("--certificate-key")));
    }
}));
WebApplication app = builder.Build();
app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.Zero });
app.Map("/echo", async (HttpContext context) =>
{
    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { DangerousEnableCompression = deflate });
    byte[] buffer = new byte[4096];
    while (true)
    {
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            return;
        }
        await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, CancellationToken.None);
    }
});
await app.StartAsync();
Console.WriteLine($"listening on {app.Urls.First()}");
await app.WaitForShutdownAsync();

string? Value(string name) => Array.IndexOf(args, name) is int at and >= 0 ? args[at + 1] : null;
