using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.WebSockets;

/// <summary>A server's certificate, which follows its files: handshakes that begin after a change show the new one, and
/// connections stay. Any thread.</summary>
/// <remarks>The files are read every <see cref="PollMs"/> and compared by content, which sees every way of replacing a
/// file, links included. A pair that cannot be used (one written before the other, say) changes nothing and is told once.</remarks>
public sealed class ServerCertificate : IDisposable
{
    /// <summary>How often the files are looked at.</summary>
    public const int PollMs = 5_000;

    private readonly CertificateFiles _files;
    private readonly Action<string> _tell;
    private readonly Lock _reloading = new();
    private readonly Timer _poll;
    private FileBytes _seen;
    private string? _complaint; // the last one, until the files are good
    private volatile SslServerAuthenticationOptions _current;

    /// <summary>Loads a certificate.</summary>
    /// <param name="files">Where it lies.</param>
    /// <param name="tell">Told in one line what somebody should know: a new certificate, one out of date, one that cannot be used.</param>
    /// <param name="pollMs">How often the files are looked at.</param>
    /// <exception cref="CertificateException">It cannot be used.</exception>
    public ServerCertificate(CertificateFiles files, Action<string> tell, int pollMs = PollMs)
    {
        _files = files;
        _tell = tell;
        _seen = files.Read();
        _current = Load(_seen);
        _poll = new Timer(static certificate => ((ServerCertificate)certificate!).Reload(), this, pollMs, pollMs);
    }

    /// <summary>What the next handshake is made with. The same object until a reload: what TLS remembers between
    /// connections hangs on it.</summary>
    public SslServerAuthenticationOptions Current => _current;

    /// <summary>Looks at the files now.</summary>
    public void Reload()
    {
        lock (_reloading)
        {
            try
            {
                FileBytes now = _files.Read();
                if (!now.Equals(_seen))
                {
                    _current = Load(now);
                    _seen = now;
                    _tell("a new certificate is used.");
                }
                _complaint = null;
            }
            catch (CertificateException e) when (e.Message != _complaint)
            {
                _complaint = e.Message;
                _tell($"{e.Message} The certificate from before is kept.");
            }
            catch (CertificateException)
            {
                // Has been told.
            }
        }
    }

    /// <summary>Ends the looking at the files.</summary>
    public void Dispose() => _poll.Dispose();

    private SslServerAuthenticationOptions Load(FileBytes bytes)
    {
        (X509Certificate2 own, X509Certificate2Collection others) = _files.Load(bytes);
        if (DateTime.Now < own.NotBefore || DateTime.Now > own.NotAfter)
        {
            string until = own.NotAfter.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);
            string from = own.NotBefore.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);
            _tell($"the certificate \"{_files.Certificate}\" is valid from {from} to {until}, which is not now: clients will refuse it.");
        }
        return new SslServerAuthenticationOptions
        {
            // Offline: what is not in the file is not fetched.
            ServerCertificateContext = SslStreamCertificateContext.Create(own, others, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            AllowRenegotiation = false, // RFC 9113, 9.2.1
        };
    }
}
