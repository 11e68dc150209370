using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Sluice.AspNetCore;
using Sluice.Protocol;
using Sluice.WebSockets;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>TLS on the shared port, and its certificate.</summary>
public sealed class TlsTests : IAsyncLifetime
{
    private readonly CertificateFolder _folder = new();
    private ServerCertificate _certificate = null!;
    private KestrelRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _certificate = _folder.Load();
        _rig = await KestrelRig.StartAsync(isShared: true, null, _certificate, new TlsLimits { HandshakesMax = 4, HandshakeTimeoutMs = 500 });
    }

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void ANewCertificateIsForNewConnectionsAndOldOnesGoOn()
    {
        using Peer old = new(_rig.Tls, isTls: true);
        old.Upgrade();
        _folder.Write("second");
        _certificate.Reload();
        Assert.Equal("CN=second", ShownSubject());
        old.SendFrame(Opcode.Text, "still here"u8);
        Assert.Equal("still here"u8, old.ReadFrame().Payload);
        Assert.Equal(["a new certificate is used."], _folder.Told);
    }

    [Fact]
    public async Task TheFilesAreLookedAtByThemselves()
    {
        using ServerCertificate certificate = _folder.Load(pollMs: 10);
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false, null, certificate);
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject(rig));
        _folder.Write("second");
        DateTime end = DateTime.UtcNow.AddSeconds(20);
        while (ShownSubject(rig) != "CN=second")
        {
            Assert.True(DateTime.UtcNow < end);
        }
    }

    [Theory]
    [InlineData("not a certificate")]
    [InlineData(null)]
    public void FilesThatCannotBeUsedChangeNothingAndAreToldOnce(string? content)
    {
        string good = File.ReadAllText(_folder.CertificatePath);
        Change(content);
        _certificate.Reload();
        _certificate.Reload();
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject());
        Assert.EndsWith("The certificate from before is kept.", Assert.Single(_folder.Told), StringComparison.Ordinal);

        Change(good);
        _certificate.Reload();
        Change(content);
        _certificate.Reload();
        Assert.Equal(2, _folder.Told.Count);
    }

    [Fact]
    public void OfTwoFilesThatAreWrittenOneAfterTheOtherTheHalfIsNotUsed()
    {
        string certificate = File.ReadAllText(_folder.CertificatePath);
        _folder.Write("second");
        string second = File.ReadAllText(_folder.CertificatePath);
        File.WriteAllText(_folder.CertificatePath, certificate);
        _certificate.Reload();
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject());
        File.WriteAllText(_folder.CertificatePath, second);
        _certificate.Reload();
        Assert.Equal("CN=second", ShownSubject());
    }

    [Theory]
    [InlineData(SslApplication.Http2, "h2")]
    [InlineData(SslApplication.Http1, "http/1.1")]
    [InlineData(SslApplication.None, "")]
    public void TheClientsProtocolIsAgreed(SslApplication offered, string agreed)
    {
        using SslStream tls = Handshake(_rig.Tls, new SslClientAuthenticationOptions
        {
            ApplicationProtocols = offered switch
            {
                SslApplication.Http2 => [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                SslApplication.Http1 => [SslApplicationProtocol.Http11],
                _ => null,
            },
        });
        Assert.Equal(agreed, Encoding.ASCII.GetString(tls.NegotiatedApplicationProtocol.Protocol.Span));
    }

    [Fact]
    public void WhatLeadsToARootIsShownToo()
    {
        using X509Certificate2 root = CertificateFolder.MakeAuthority("root", null);
        using X509Certificate2 middle = CertificateFolder.MakeAuthority("middle", root);
        _folder.WriteSigned("signed", middle);
        _certificate.Reload();
        string[] shown = [];
        using SslStream tls = Handshake(_rig.Tls, new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                shown = [.. chain!.ChainPolicy.ExtraStore.Select(static certificate => certificate.Subject)];
                return certificate?.Subject == "CN=signed";
            },
        });
        Assert.Contains("CN=middle", shown);
        Assert.Empty(_folder.Told.Skip(1));
    }

    [Fact]
    public void RecordsMayComeByteByByte()
    {
        using Socket socket = ConnectSocket();
        using SslStream tls = new(new DribblingStream(new NetworkStream(socket)), false, IsFirst);
        tls.AuthenticateAsClient("localhost");
        tls.Write(Encoding.ASCII.GetBytes(Peer.UpgradeRequest(KestrelRig.EchoPath)));
        tls.Write(Peer.Frame(Opcode.Text, "hello"u8));
        byte[] answer = new byte[4096];
        StringBuilder all = new();
        while (!all.ToString().EndsWith("hello", StringComparison.Ordinal))
        {
            int count = tls.Read(answer);
            Assert.True(count > 0);
            all.Append(Encoding.Latin1.GetString(answer, 0, count));
        }
        Assert.StartsWith("HTTP/1.1 101 ", all.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\0\u0005hello")]
    [InlineData("\u0016\u0003\u0001\uffff\uffff")]
    [InlineData("\u0016GET / HTTP/1.1\r\n\r\n")]
    public void WhatIsNoHandshakeEndsItsConnection(string bytes)
    {
        using Peer peer = new(_rig.Tls);
        peer.Send(bytes);
        peer.ReadToEnd();
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject());
    }

    [Fact]
    public async Task PlainTextWhereOnlyTlsIsSpokenEndsItsConnection()
    {
        await using KestrelRig rig = await KestrelRig.StartAsync(isShared: false, null, _certificate);
        using Peer peer = new(rig.Tls);
        peer.Send(Peer.UpgradeRequest(KestrelRig.EchoPath));
        peer.ReadToEnd();
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject(rig));
    }

    [Fact]
    public void SlowHandshakesEndAndSoManyAreUnderWayThatNoneIsBegun()
    {
        Peer[] slow = [.. Enumerable.Range(0, 12).Select(_ => new Peer(_rig.Tls))];
        foreach (Peer peer in slow)
        {
            peer.Send("\u0016\u0003\u0001");
        }
        foreach (Peer peer in slow)
        {
            peer.ReadToEnd();
            peer.Dispose();
        }
        Assert.Equal(CertificateFolder.FirstSubject, ShownSubject());
    }

    [Fact]
    public void ManyHandshakesOneAfterTheOtherAreCountedOff()
    {
        for (int i = 0; i < 20; i++)
        {
            using Peer peer = new(_rig.Tls, isTls: true);
            peer.Upgrade();
        }
    }

    [Fact]
    public void PlainHttpIsSpokenBesideIt()
    {
        using Peer peer = new(_rig.Tls);
        peer.Upgrade();
        peer.SendFrame(Opcode.Text, "plain"u8);
        Assert.Equal("plain"u8, peer.ReadFrame().Payload);
    }

    /// <summary>What a client says it speaks.</summary>
    public enum SslApplication
    {
        None,
        Http1,
        Http2,
    }

    private static bool IsFirst(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.Subject == CertificateFolder.FirstSubject;

    private string ShownSubject(KestrelRig? rig = null)
    {
        string? subject = null;
        using SslStream tls = Handshake((rig ?? _rig).Tls, new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (subject = certificate!.Subject).Length > 0,
        });
        return subject!;
    }

    private SslStream Handshake(IPEndPoint server, SslClientAuthenticationOptions options)
    {
        options.TargetHost = "localhost";
        options.RemoteCertificateValidationCallback ??= IsFirst;
        SslStream tls = new(new NetworkStream(ConnectSocket(server), ownsSocket: true));
        tls.AuthenticateAsClient(options);
        return tls;
    }

    private Socket ConnectSocket(IPEndPoint? server = null)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(server ?? _rig.Tls);
        return socket;
    }

    private void Change(string? content)
    {
        if (content is null)
        {
            File.Delete(_folder.CertificatePath);
        }
        else
        {
            File.WriteAllText(_folder.CertificatePath, content);
        }
    }
}
