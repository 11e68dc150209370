using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Sluice.WebSockets;

namespace Sluice.AspNetCore;

/// <summary>TLS at an endpoint of Kestrel's.</summary>
public static class TlsExtensions
{
    /// <summary>Speaks TLS, and HTTP/1.1 or HTTP/2 as the client prefers (ALPN), with a certificate that follows its files.</summary>
    /// <param name="listen">The endpoint. It speaks nothing else then.</param>
    /// <param name="certificate">Outlives the server.</param>
    /// <param name="limits">Null for the defaults.</param>
    public static ListenOptions UseCertificate(this ListenOptions listen, ServerCertificate certificate, TlsLimits? limits = null)
    {
        limits ??= TlsLimits.Default;
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(new TlsHandshakes(limits.HandshakesMax).Begin);
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = TimeSpan.FromMilliseconds(limits.HandshakeTimeoutMs),
            OnConnection = _ => new(certificate.Current),
        });
        listen.Use(TlsHandshakes.End);
        return listen;
    }
}
