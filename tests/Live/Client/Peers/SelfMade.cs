using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Live.Client.Peers;

internal static class SelfMade
{
    /// <summary>A certificate for one name that nobody has signed but itself.</summary>
    internal static X509Certificate2 Certificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
