using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sluice.WebSockets;

namespace Sluice.AspNetCore;

/// <summary>The plaintext of a connection whose TLS a loop began, as Kestrel uses it: pipes both ways, and what was agreed on.</summary>
internal sealed class SecureTransport : IDuplexPipe, ITlsConnectionFeature, ITlsApplicationProtocolFeature
{
    private readonly TlsConnection _tls;

    private SecureTransport(TlsConnection tls)
    {
        _tls = tls;
        Input = PipeReader.Create(tls.Stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));
        Output = PipeWriter.Create(tls.Stream, new StreamPipeWriterOptions(leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    /// <summary>None: clients are not asked for one.</summary>
    public X509Certificate2? ClientCertificate { get; set; }

    public ReadOnlyMemory<byte> ApplicationProtocol => _tls.ApplicationProtocol.Protocol;

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

    /// <summary>Puts TLS over a connection's pipes.</summary>
    /// <exception cref="IOException">The peer has gone.</exception>
    internal static async Task SecureAsync(ConnectionContext connection, TlsConnection tls)
    {
        IDuplexPipe records = connection.Transport;
        await tls.CarryAsync(records.Input.AsStream(leaveOpen: true), records.Output.AsStream(leaveOpen: true));
        SecureTransport transport = new(tls);
        connection.Transport = transport;
        connection.Features.Set<ITlsConnectionFeature>(transport);
        connection.Features.Set<ITlsApplicationProtocolFeature>(transport);
    }

    /// <summary>Has what Kestrel does with a connection end with its TLS, if it has any.</summary>
    internal static ConnectionDelegate End(ConnectionDelegate next) => async connection =>
    {
        try
        {
            await next(connection);
        }
        finally
        {
            await EndAsync(connection);
        }
    };

    /// <summary>Ends the TLS of a connection, if it has any.</summary>
    internal static async ValueTask EndAsync(ConnectionContext connection)
    {
        if (connection.Transport is SecureTransport secure)
        {
            await secure.Input.CompleteAsync();
            await secure.Output.CompleteAsync();
            secure._tls.Dispose();
        }
    }
}
