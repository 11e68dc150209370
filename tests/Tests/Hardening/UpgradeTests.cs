using System.Buffers;
using System.Text;
using Sluice.Protocol;
using Sluice.Tests.Protocol;
using static Sluice.Tests.Hardening.Request;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 4, 6 to 10, 16 to 18 and 20: what a well-formed head must hold, and how it is answered.</summary>
public class UpgradeTests
{
    [Fact]
    public void Hardening04_Only_GET()
    {
        foreach (string method in (string[])["POST", "HEAD", "OPTIONS", "get", "CONNECT", "X"])
        {
            Assert.Equal(405, Status(Good, method + " / HTTP/1.1"));
        }
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("Host: a\r\nHost: a\r\n", 400)]
    [InlineData("Host:\r\n", 400)]
    [InlineData("Host: a b\r\n", 400)]
    [InlineData("Host: user@a\r\n", 400)]
    [InlineData("Host: a/b\r\n", 400)]
    [InlineData("Host: a,b\r\n", 101)]
    [InlineData("Host: a:\r\n", 101)]
    [InlineData("Host: a:65535\r\n", 101)]
    [InlineData("Host: a:65536\r\n", 400)]
    [InlineData("Host: a:99999999999999999999\r\n", 400)]
    [InlineData("Host: a:+1\r\n", 400)]
    [InlineData("Host: a:1:2\r\n", 400)]
    [InlineData("Host: :80\r\n", 400)]
    [InlineData("Host: 127.0.0.1:8000\r\n", 101)]
    [InlineData("Host: [::1]:8000\r\n", 101)]
    [InlineData("Host: [::1]\r\n", 101)]
    [InlineData("Host: [::1\r\n", 400)]
    [InlineData("Host: [::1]8000\r\n", 400)]
    [InlineData("Host: [1.2.3.4]\r\n", 400)]
    [InlineData("Host: [fe80::1%eth0]\r\n", 400)]
    [InlineData("Host: [:::1]\r\n", 400)]
    [InlineData("Host: []\r\n", 400)]
    [InlineData("Host: h\u00e9\r\n", 400)]
    public void Hardening06_Exactly_one_valid_Host(string host, int status) => Assert.Equal((host, status), (host, Status(host + Upgrade + Version13 + Key)));

    [Theory]
    [InlineData("http://example.com/chat?x", 101, "the absolute form")]
    [InlineData("HTTPS://EXAMPLE.com/", 101, "whatever the case")]
    [InlineData("http://other.com/", 400, "another host than Host")]
    [InlineData("http://example.com", 400, "no path")]
    [InlineData("ftp://example.com/", 400, "another scheme")]
    [InlineData("*", 400, "no path at all")]
    [InlineData("example.com:80", 400, "an authority")]
    [InlineData("://example.com/", 400, "no scheme")]
    [InlineData("/a#b", 400, "a fragment")]
    public void Hardening06_A_target_is_a_path_on_the_host(string target, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Status(Good, $"GET {target} HTTP/1.1")));
    }

    [Theory]
    [InlineData("Content-Length: 1\r\n", 400)]
    [InlineData("Content-Length: 0\r\n", 101)]
    [InlineData("Content-Length: 00\r\n", 400)]
    [InlineData("Content-Length: 0\r\nContent-Length: 5\r\n", 400)]
    [InlineData("Content-Length: 5\r\nContent-Length: 0\r\n", 400)]
    [InlineData("Content-Length: 0, 5\r\n", 400)]
    [InlineData("Content-Length: -1\r\n", 400)]
    [InlineData("Content-Length:\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\n", 400)]
    [InlineData("Transfer-Encoding: identity\r\n", 400)]
    [InlineData("transfer-encoding:\r\n", 400)]
    [InlineData("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400)]
    public void Hardening07_A_body_is_400(string header, int status) => Assert.Equal((header, status), (header, Status(Good + header)));

    [Theory]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\n", 101)]
    [InlineData("upgrade: WebSocket\r\nconnection: uPGRADE\r\n", 101)]
    [InlineData("Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n", 101)]
    [InlineData("Upgrade: websocket\r\nConnection: keep-alive,,\t upgrade\r\n", 101)]
    [InlineData("Upgrade: h2c, websocket\r\nConnection: keep-alive\r\nConnection: Upgrade\r\n", 101)]
    [InlineData("Connection: Upgrade\r\n", 426)]
    [InlineData("Upgrade: websockets\r\nConnection: Upgrade\r\n", 426)]
    [InlineData("Upgrade: web socket\r\nConnection: Upgrade\r\n", 426)]
    [InlineData("Upgrade: h2c\r\nConnection: Upgrade\r\n", 426)]
    [InlineData("Upgrade: websocket\r\n", 400)]
    [InlineData("Upgrade: websocket\r\nConnection: close\r\n", 400)]
    [InlineData("Upgrade: websocket\r\nConnection: not-upgrade\r\n", 400)]
    [InlineData("Upgrade: websocket\r\nConnection: keep-alive Upgrade\r\n", 400)]
    public void Hardening08_Upgrade_and_Connection_hold_their_tokens(string headers, int status)
    {
        Assert.Equal((headers, status), (headers, Status(Host + headers + Version13 + Key)));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("Sec-WebSocket-Version: 8\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 013\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 13, 8\r\n", 426)]
    [InlineData("Sec-WebSocket-Version:\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", 400)]
    public void Hardening09_Exactly_one_version_and_it_is_13(string version, int status)
    {
        Assert.Equal((version, status), (version, Status(Host + Upgrade + version + Key)));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData(Key + Key, 400)]
    [InlineData("Sec-WebSocket-Key:\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWE=\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25_ZQ==\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2 jZQ==\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub=5jZQ==\r\n", 400)]
    [InlineData("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", 101)]
    public void Hardening10_Exactly_one_key_of_16_bytes(string key, int status) => Assert.Equal((key, status), (key, Status(Host + Upgrade + Version13 + key)));

    [Theory]
    [InlineData("http://example.com", "example.com", 101, "same host, both ports left out")]
    [InlineData("http://EXAMPLE.com:80", "example.com", 101, "the default port of http")]
    [InlineData("https://example.com", "example.com:443", 101, "the default port of https")]
    [InlineData("https://example.com", "example.com", 101, "TLS ended before us")]
    [InlineData("http://[::1]:8000", "[::1]:8000", 101, "an address")]
    [InlineData("http://example.com:8080", "example.com", 403, "another port")]
    [InlineData("https://example.com", "example.com:80", 403, "the port of http")]
    [InlineData("http://evil-example.com", "example.com", 403, "a suffix")]
    [InlineData("http://example.com.evil.org", "example.com", 403, "a prefix")]
    [InlineData("http://www.example.com", "example.com", 403, "a subdomain")]
    [InlineData("http://evil.org/example.com", "example.com", 403, "a path")]
    [InlineData("http://example.com@evil.org", "example.com", 403, "user information")]
    [InlineData("ftp://example.com", "example.com", 403, "another scheme")]
    [InlineData("example.com", "example.com", 403, "no scheme")]
    [InlineData("null", "example.com", 403, "a page without an origin")]
    [InlineData("null", "null", 403, "a host of that name")]
    [InlineData("", "example.com", 403, "nothing")]
    public void Hardening16_Same_origin_by_default(string origin, string host, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Status($"Host: {host}\r\nOrigin: {origin}\r\n" + Upgrade + Version13 + Key)));
    }

    [Fact]
    public void Hardening16_No_origin_is_no_browser()
    {
        Assert.Equal(101, Status(Good, policy: HandshakePolicy.Only("https://a.org")));
    }

    [Fact]
    public void Hardening16_Two_origins_are_400()
    {
        Assert.Equal(400, Status(Host + "Origin: http://example.com\r\nOrigin: http://example.com\r\n" + Upgrade + Version13 + Key, policy: HandshakePolicy.AnyOrigin));
    }

    [Theory]
    [InlineData("https://a.org", 101)]
    [InlineData("HTTPS://A.ORG:443", 101)]
    [InlineData("http://b.org:8080", 101)]
    [InlineData("http://a.org", 403)]
    [InlineData("https://a.org:8443", 403)]
    [InlineData("http://b.org", 403)]
    [InlineData("https://x.a.org", 403)]
    [InlineData("https://a.org.", 403)]
    [InlineData("http://example.com", 403)]
    [InlineData("null", 403)]
    public void Hardening16_An_exact_list_compares_scheme_host_and_port(string origin, int status)
    {
        HandshakePolicy policy = HandshakePolicy.Only("https://a.org", "http://b.org:8080");
        Assert.Equal((origin, status), (origin, Status(Host + $"Origin: {origin}\r\n" + Upgrade + Version13 + Key, policy: policy)));
    }

    [Fact]
    public void Hardening16_Null_and_any_are_allowed_where_that_was_said()
    {
        string request = Host + "Origin: null\r\n" + Upgrade + Version13 + Key;
        Assert.Equal(101, Status(request, policy: HandshakePolicy.Only("null")));
        Assert.Equal(101, Status(request, policy: HandshakePolicy.AnyOrigin));
    }

    [Fact]
    public void Hardening16_An_encrypted_connection_is_another_origin_than_a_plain_page()
    {
        HandshakePolicy secure = new() { Secure = true };
        Assert.Equal(403, Status(Host + "Origin: http://example.com\r\n" + Upgrade + Version13 + Key, policy: secure));
        Assert.Equal(101, Status(Host + "Origin: https://example.com\r\n" + Upgrade + Version13 + Key, policy: secure));
    }

    [Fact]
    public void Hardening16_An_empty_list_is_not_same_origin()
    {
        Assert.Equal(403, Status(Host + "Origin: http://example.com\r\n" + Upgrade + Version13 + Key, policy: HandshakePolicy.Only()));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("https://a.org/")]
    [InlineData("*")]
    public void Hardening16_A_list_that_is_not_of_origins_is_a_misconfiguration(string origin)
    {
        Assert.Throws<ArgumentException>(() => HandshakePolicy.Only(origin));
    }

    [Fact]
    public void Hardening17_What_follows_the_head_are_frames()
    {
        byte[] request = Encoding.ASCII.GetBytes(Line + "\r\n" + Good + "\r\n");
        byte[] bytes = [.. request, .. Hex.Frame(Opcode.Text, true, "early"u8)];
        HttpHead head = default;
        Assert.Equal(HeadStatus.Complete, head.Parse(bytes, HttpHeadLimits.Default));
        Assert.Equal(request.Length, head.Length);
        Assert.Equal("text early", Frames.AtServer(bytes[head.Length..]));
    }

    [Fact]
    public void Hardening18_101_when_every_check_has_passed()
    {
        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            Answer(Good));
    }

    [Theory]
    [InlineData(400, 0, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")]
    [InlineData(405, 0, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nConnection: close\r\n")]
    [InlineData(426, 0, "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n")]
    [InlineData(429, 60, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\nConnection: close\r\n")]
    [InlineData(431, 0, "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n")]
    [InlineData(503, 1, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n")]
    public void Hardening18_A_refusal_has_a_length_and_closes(int status, int retryAfterSeconds, string expected)
    {
        ArrayBufferWriter<byte> output = new();
        Handshake.WriteRefusal(output, status, "No, no.", retryAfterSeconds);
        Assert.Equal(expected + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\n\r\nNo, no.\n", Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("GET /?secret HTTP/1.1", "Host: secret host\r\n")]
    [InlineData("GET /#secret HTTP/1.1", Good)]
    [InlineData("secret / HTTP/1.1", Good)]
    [InlineData("GET /?secret HTTP/1.1", Good + "Sec-WebSocket-Protocol: secret, secret\r\n")]
    [InlineData("GET /?secret HTTP/1.1", Good + "Origin: http://secret\r\n")]
    [InlineData("GET /?secret HTTP/1.1", Good + "secret : secret\r\n")]
    public void Hardening20_A_refusal_quotes_nothing_of_the_request(string line, string headers)
    {
        string answer = Answer(headers, line);
        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer, StringComparison.OrdinalIgnoreCase);
    }
}
