using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Sluice.AspNetCore;

/// <summary>Has Kestrel serve what the reactor gives away.</summary>
public static class SharedPortExtensions
{
    /// <summary>Adds the transport of a shared port and has Kestrel listen on it, for HTTP/1.1 and for HTTP/2 with prior
    /// knowledge.</summary>
    public static IServiceCollection AddSharedPort(this IServiceCollection services, SharedPort port) =>
        services
            .AddSingleton<IConnectionListenerFactory, SharedPortTransport>()
            .Configure<KestrelServerOptions>(options =>
            {
                options.Listen(port.Http1, listen => listen.Protocols = HttpProtocols.Http1);
                options.Listen(port.Http2, listen => listen.Protocols = HttpProtocols.Http2);
            });
}
