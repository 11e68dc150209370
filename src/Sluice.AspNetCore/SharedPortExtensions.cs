using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Sluice.AspNetCore;

/// <summary>Has Kestrel serve what the reactor gives away.</summary>
public static class SharedPortExtensions
{
    /// <summary>Adds the transport of a shared port and has Kestrel listen on it, for HTTP/1.1 and for HTTP/2.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="port">Gives the connections.</param>
    public static IServiceCollection AddSharedPort(this IServiceCollection services, SharedPort port) => services
        .AddSingleton<IConnectionListenerFactory, SharedPortTransport>()
        .Configure<KestrelServerOptions>(options =>
        {
            options.BoundHttp2();
            options.Listen(port.Http1, static listen => Speak(listen, HttpProtocols.Http1));
            options.Listen(port.Http2, static listen => Speak(listen, HttpProtocols.Http2));
        });

    private static void Speak(ListenOptions listen, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        listen.Use(SecureTransport.End);
    }
}
