using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Bench.Servers;

/// <summary>A certificate for the servers under test, good for a week.</summary>
/// <param name="Arguments">By which the servers take it.</param>
/// <param name="Certificate">By which clients know it.</param>
internal sealed record SelfSigned(string[] Arguments, byte[] Certificate)
{
    /// <summary>Makes one, and writes it with its key into a directory.</summary>
    internal static SelfSigned Write(string directory)
    {
        Directory.CreateDirectory(directory);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        string certificateFile = Path.Combine(directory, "certificate.pem");
        string keyFile = Path.Combine(directory, "key.pem");
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        return new SelfSigned(["--certificate", certificateFile, "--certificate-key", keyFile], certificate.RawData);
    }
}
