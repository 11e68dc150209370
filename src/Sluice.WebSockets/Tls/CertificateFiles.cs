using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Sluice.WebSockets;

/// <summary>Where a server's certificate lies.</summary>
/// <param name="Certificate">A file in PEM, the server's own certificate first, then those that lead to a root; or in PKCS #12 (PFX).</param>
/// <param name="Key">The private key in PEM; null if it lies in the first file.</param>
/// <param name="Password">Of an encrypted key or PKCS #12 file; null for none.</param>
public sealed record CertificateFiles(string Certificate, string? Key = null, string? Password = null)
{
    private const int FileBytesMax = 1 << 20; // a chain is some KB

    /// <summary>What the files hold now: to be compared, and to be loaded.</summary>
    /// <exception cref="CertificateException">One cannot be read.</exception>
    internal FileBytes Read() => new(ReadFile(Certificate), Key is null ? [] : ReadFile(Key));

    /// <summary>Makes certificates of the files' bytes: the server's own, with its key, and the others.</summary>
    /// <exception cref="CertificateException">They hold none, or the key is another certificate's.</exception>
    internal (X509Certificate2 Own, X509Certificate2Collection Others) Load(FileBytes bytes)
    {
        bool isPem = bytes.Certificate.AsSpan().IndexOf("-----BEGIN "u8) >= 0;
        if (!isPem && Key is not null)
        {
            throw new CertificateException($"\"{Certificate}\" is not in PEM, so it must hold its key itself.");
        }
        try
        {
            return isPem
                ? LoadPem(Encoding.UTF8.GetString(bytes.Certificate), Encoding.UTF8.GetString(Key is null ? bytes.Certificate : bytes.Key))
                : LoadPkcs12(bytes.Certificate);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CertificateException(isPem
                ? $"the key in \"{Key ?? Certificate}\" is not that of the certificate in \"{Certificate}\", or one is damaged, or the password is wrong."
                : $"\"{Certificate}\" is neither in PEM nor in PKCS #12, or the password is wrong.");
        }
    }

    private (X509Certificate2 Own, X509Certificate2Collection Others) LoadPem(string chain, string key)
    {
        X509Certificate2Collection others = [];
        others.ImportFromPem(chain);
        if (others.Count == 0)
        {
            throw new CertificateException($"\"{Certificate}\" holds no certificate.");
        }
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            throw new CertificateException($"\"{Key ?? Certificate}\" holds no private key.");
        }
        bool isEncrypted = key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        if (isEncrypted && Password is null)
        {
            throw new CertificateException($"the key in \"{Key ?? Certificate}\" is encrypted and there is no password.");
        }
        X509Certificate2 own = isEncrypted ? X509Certificate2.CreateFromEncryptedPem(chain, key, Password) : X509Certificate2.CreateFromPem(chain, key);
        others.RemoveAt(0);
        if (OperatingSystem.IsWindows())
        {
            // Its TLS cannot use a key that lies in memory only.
            own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        }
        return (own, others);
    }

    private (X509Certificate2 Own, X509Certificate2Collection Others) LoadPkcs12(byte[] file)
    {
        X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12Collection(file, Password);
        X509Certificate2 own = all.FirstOrDefault(static certificate => certificate.HasPrivateKey)
            ?? throw new CertificateException($"\"{Certificate}\" holds no certificate with its key.");
        all.Remove(own);
        return (own, all);
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > FileBytesMax)
            {
                throw new CertificateException($"\"{path}\" is larger than any certificate.");
            }
            byte[] bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool isMissing = e is FileNotFoundException or DirectoryNotFoundException;
            throw new CertificateException(isMissing ? $"there is no file \"{path}\"." : $"\"{path}\" cannot be read: {e.Message}");
        }
    }
}

/// <summary>What the files of a certificate hold at a moment.</summary>
/// <param name="Certificate">The first file.</param>
/// <param name="Key">The second; empty if there is none.</param>
internal sealed record FileBytes(byte[] Certificate, byte[] Key)
{
    public bool Equals(FileBytes? other) =>
        other is not null && Certificate.AsSpan().SequenceEqual(other.Certificate) && Key.AsSpan().SequenceEqual(other.Key);

    public override int GetHashCode() => HashCode.Combine(Certificate.Length, Key.Length);
}

/// <summary>A certificate cannot be used; the message is one line and names the file.</summary>
/// <param name="message">What is wrong.</param>
public sealed class CertificateException(string message) : Exception(message);
