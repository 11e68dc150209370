using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sluice.AspNetCore;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>What files a certificate is taken from, and what is said of others.</summary>
public sealed class CertificateTests : IDisposable
{
    private const string Password = "secret";

    private readonly CertificateFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TwoFilesInPem() => Accept(_folder.Files);

    [Fact]
    public void OneFileInPemWithItsKey()
    {
        File.AppendAllText(_folder.CertificatePath, File.ReadAllText(_folder.KeyPath));
        Accept(new CertificateFiles(_folder.CertificatePath));
    }

    [Fact]
    public void AnEncryptedKey()
    {
        EncryptKey();
        Accept(_folder.Files with { Password = Password });
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Password)]
    public void OneFileInPkcs12(string? password)
    {
        using X509Certificate2 certificate = CertificateFolder.Make("pfx");
        File.WriteAllBytes(_folder.CertificatePath, certificate.Export(X509ContentType.Pkcs12, password));
        Accept(new CertificateFiles(_folder.CertificatePath, null, password));
    }

    [Fact]
    public void OneThatIsOutOfDateIsUsedAndTold()
    {
        _folder.Write("old", daysOld: 30);
        using ServerCertificate certificate = _folder.Load();
        Assert.Contains("which is not now: clients will refuse it.", Assert.Single(_folder.Told), StringComparison.Ordinal);
    }

    [Fact]
    public void NoFile() =>
        Refuse(_folder.Files with { Certificate = _folder.CertificatePath + "x" }, $"there is no file \"{_folder.CertificatePath}x\".");

    [Fact]
    public void NoKeyFile() => Refuse(_folder.Files with { Key = _folder.KeyPath + "x" }, $"there is no file \"{_folder.KeyPath}x\".");

    [Fact]
    public void AFolder()
    {
        string folder = Path.GetDirectoryName(_folder.KeyPath)!;
        Refuse(_folder.Files with { Key = folder }, $"\"{folder}\" cannot be read");
    }

    [Fact]
    public void OneFileWithoutAKey() => Refuse(new CertificateFiles(_folder.CertificatePath), $"\"{_folder.CertificatePath}\" holds no private key.");

    [Fact]
    public void AKeyInPlaceOfTheCertificate() =>
        Refuse(new CertificateFiles(_folder.KeyPath, _folder.KeyPath), $"\"{_folder.KeyPath}\" holds no certificate.");

    [Fact]
    public void AnothersKey()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_folder.KeyPath, key.ExportPkcs8PrivateKeyPem());
        Refuse(_folder.Files, $"the key in \"{_folder.KeyPath}\" is not that of the certificate");
    }

    [Fact]
    public void AnEncryptedKeyWithoutAPassword()
    {
        EncryptKey();
        Refuse(_folder.Files, "is encrypted and there is no password.");
    }

    [Fact]
    public void AWrongPassword()
    {
        EncryptKey();
        Refuse(_folder.Files with { Password = "other" }, "or the password is wrong.");
    }

    [Fact]
    public void WhatIsNeither()
    {
        File.WriteAllText(_folder.CertificatePath, "hello");
        Refuse(new CertificateFiles(_folder.CertificatePath), "is neither in PEM nor in PKCS #12");
        Refuse(_folder.Files, "is not in PEM, so it must hold its key itself.");
    }

    private void Accept(CertificateFiles files)
    {
        using ServerCertificate certificate = new(files, _folder.Told.Enqueue);
        Assert.Empty(_folder.Told);
    }

    private void Refuse(CertificateFiles files, string message)
    {
        CertificateException e = Assert.Throws<CertificateException>(() => new ServerCertificate(files, _folder.Told.Enqueue));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    private void EncryptKey()
    {
        using ECDsa key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(_folder.KeyPath));
        PbeParameters parameters = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        File.WriteAllText(_folder.KeyPath, key.ExportEncryptedPkcs8PrivateKeyPem(Password, parameters));
    }
}
