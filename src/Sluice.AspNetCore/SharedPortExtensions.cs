using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Sluice.AspNetCore;

/// <summary>Has Kestrel serve what the reactor gives away.</summary>
public static class SharedPortExtensions
{
    /// <summary>Adds the transport of a shared port and has Kestrel listen on it: for HTTP/1.1 and for HTTP/2 with prior
    /// knowledge, and for both over TLS if there is a certificate.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="port">Gives the connections. It is not offered any before this call.</param>
    /// <param name="certificate">Null: TLS is not spoken.</param>
    /// <param name="limits">Of TLS; null for the defaults.</param>
    public static IServiceCollection AddSharedPort(this IServiceCollection services, SharedPort port, ServerCertificate? certificate = null, TlsLimits? limits = null)
    {
        port.SpeaksTls = certificate is not null;
        return services
            .AddSingleton<IConnectionListenerFactory, SharedPortTransport>()
            .Configure<KestrelServerOptions>(options =>
            {
                options.BoundHttp2();
                options.Listen(port.Http1, static listen => listen.Protocols = HttpProtocols.Http1);
                options.Listen(port.Http2, static listen => listen.Protocols = HttpProtocols.Http2);
                if (certificate is not null)
                {
                    options.Listen(port.Tls, listen => listen.UseCertificate(certificate, limits));
                }
            });
    }
}
