using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sluice.AspNetCore;
using Sluice.WebSockets;

namespace Sluice.Live.Kestrel;

/// <summary>A folder of its own with a certificate, its key, and what was said about them.</summary>
internal sealed class CertificateFolder : IDisposable
{
    /// <summary>The subject of the certificate that is there at first.</summary>
    internal const string FirstSubject = "CN=first";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sluice");

    internal CertificateFolder() => Write("first");

    internal string CertificatePath => Path.Combine(_folder.FullName, "certificate.pem");

    internal string KeyPath => Path.Combine(_folder.FullName, "key.pem");

    /// <summary>What a <see cref="ServerCertificate"/> told.</summary>
    internal ConcurrentQueue<string> Told { get; } = [];

    internal CertificateFiles Files => new(CertificatePath, KeyPath);

    internal ServerCertificate Load(int pollMs = ServerCertificate.PollMs) => new(Files, Told.Enqueue, pollMs);

    /// <summary>Puts a new certificate and its key there.</summary>
    /// <param name="name">Its subject's common name.</param>
    /// <param name="daysOld">How old it is; it lives for two days.</param>
    internal void Write(string name, int daysOld = 1)
    {
        using X509Certificate2 certificate = Make(name, daysOld);
        File.WriteAllText(CertificatePath, certificate.ExportCertificatePem() + "\n");
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(KeyPath, key.ExportPkcs8PrivateKeyPem());
    }

    internal static X509Certificate2 Make(string name, int daysOld = 1)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-daysOld);
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(from, from.AddDays(2));
    }

    /// <summary>Puts a certificate there that another has signed, followed by that one, and its key.</summary>
    internal void WriteSigned(string name, X509Certificate2 issuer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.Create(issuer, issuer.NotBefore, issuer.NotAfter, [1]);
        File.WriteAllText(CertificatePath, $"{certificate.ExportCertificatePem()}\n{issuer.ExportCertificatePem()}\n");
        File.WriteAllText(KeyPath, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>One that may sign others.</summary>
    internal static X509Certificate2 MakeAuthority(string name, X509Certificate2? issuer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        if (issuer is null)
        {
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        }
        using X509Certificate2 signed = request.Create(issuer, issuer.NotBefore, issuer.NotAfter, [2]);
        return signed.CopyWithPrivateKey(key);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
