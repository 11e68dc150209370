using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class HandshakeTests
{
    private const string Host = "Host: example.com\r\n";
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    private const string Version = "Sec-WebSocket-Version: 13\r\n";
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Fact]
    public void H18_101_when_every_check_has_passed()
    {
        Assert.Equal(101, Judge(Host + Upgrade + Version + Key));
    }

    [Fact]
    public void H4_only_GET()
    {
        foreach (string method in (string[])["POST", "HEAD", "OPTIONS", "get", "CONNECT", "X"])
        {
            Assert.Equal(405, Judge(Host + Upgrade + Version + Key, method + " / HTTP/1.1"));
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
    public void H6_exactly_one_valid_Host(string host, int status) => Assert.Equal((host, status), (host, Judge(host + Upgrade + Version + Key)));

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
    public void H6_a_target_is_a_path_on_the_host(string target, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Judge(Host + Upgrade + Version + Key, $"GET {target} HTTP/1.1")));
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
    public void H7_a_body_is_400(string header, int status) => Assert.Equal((header, status), (header, Judge(Host + Upgrade + Version + Key + header)));

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
    public void H8_Upgrade_and_Connection_hold_their_tokens(string headers, int status)
    {
        Assert.Equal((headers, status), (headers, Judge(Host + headers + Version + Key)));
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("Sec-WebSocket-Version: 8\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 013\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 13, 8\r\n", 426)]
    [InlineData("Sec-WebSocket-Version:\r\n", 426)]
    [InlineData("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n", 400)]
    public void H9_exactly_one_version_and_it_is_13(string version, int status)
    {
        Assert.Equal((version, status), (version, Judge(Host + Upgrade + version + Key)));
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
    public void H10_exactly_one_key_of_16_bytes(string key, int status) => Assert.Equal((key, status), (key, Judge(Host + Upgrade + Version + key)));

    [Theory]
    [InlineData("a", 101)]
    [InlineData("a, b ,\tc", 101)]
    [InlineData("a\r\nSec-WebSocket-Protocol: b", 101)]
    [InlineData("a, A", 101)]
    [InlineData("", 400)]
    [InlineData("a,", 400)]
    [InlineData("a,,b", 400)]
    [InlineData("a b", 400)]
    [InlineData("a;b", 400)]
    [InlineData("\"a\"", 400)]
    [InlineData("a/b", 400)]
    [InlineData("\u00e9", 400)]
    [InlineData("a, b, a", 400)]
    [InlineData("a\r\nSec-WebSocket-Protocol: b, a", 400)]
    public void H11_subprotocols_are_distinct_tokens(string value, int status)
    {
        Assert.Equal((value, status), (value, Judge(Host + Upgrade + Version + Key + $"Sec-WebSocket-Protocol: {value}\r\n")));
    }

    [Fact]
    public void H11_many_subprotocols_are_400()
    {
        string Offer(int count) => "Sec-WebSocket-Protocol: " + string.Join(',', Enumerable.Range(0, count)) + "\r\n";
        Assert.Equal(101, Judge(Host + Upgrade + Version + Key + Offer(32)));
        Assert.Equal(400, Judge(Host + Upgrade + Version + Key + Offer(33)));
    }

    [Theory]
    [InlineData("b, a", "a,b", "a", true)]
    [InlineData("b\r\nSec-WebSocket-Protocol: a", "a,b", "a", true)]
    [InlineData("b", "a,b", "b", true)]
    [InlineData("A", "a", null, false)]
    [InlineData("aa", "a", null, false)]
    [InlineData(null, "a", null, true)]
    [InlineData("a", "", null, false)]
    public void H11_the_server_s_preference_wins(string? offer, string preference, string? expected, bool acceptable)
    {
        string header = offer is null ? "" : $"Sec-WebSocket-Protocol: {offer}\r\n";
        byte[] bytes = Head(Host + Upgrade + Version + Key + header);
        Parse(bytes, out HttpHead head);
        Assert.Equal(101, Handshake.Judge(head, bytes, HandshakePolicy.SameOrigin, out HandshakeRequest request).Status);
        bool ok = Handshake.ChooseSubprotocol(request, preference.Split(',', StringSplitOptions.RemoveEmptyEntries), out string? chosen);
        Assert.Equal((expected, acceptable), (chosen, ok));
    }

    [Theory]
    [InlineData("permessage-deflate", 101)]
    [InlineData("permessage-deflate; client_max_window_bits", 101)]
    [InlineData("permessage-deflate; server_max_window_bits=\"10\", x-webkit-deflate-frame ; a = b", 101)]
    [InlineData("permessage-deflatex; whatever=1", 101)]
    [InlineData("foo\r\nSec-WebSocket-Extensions: bar", 101)]
    [InlineData("", 400)]
    [InlineData("permessage-deflate;", 400)]
    [InlineData("permessage-deflate; =1", 400)]
    [InlineData("permessage-deflate; a=", 400)]
    [InlineData("permessage-deflate; a=\"", 400)]
    [InlineData("permessage-deflate; a=\"\"", 400)]
    [InlineData("permessage-deflate; a=\"b", 400)]
    [InlineData("permessage-deflate; a=\"b,c\"", 400)]
    [InlineData("permessage-deflate; a=b c", 400)]
    [InlineData("permessage-deflate a", 400)]
    [InlineData("permessage-deflate,", 400)]
    [InlineData("permessage-deflate=1", 400)]
    [InlineData("per(message", 400)]
    [InlineData("good\r\nSec-WebSocket-Extensions: bad;", 400)]
    [InlineData("bad;\r\nSec-WebSocket-Extensions: good", 400)]
    public void H12_extensions_follow_their_grammar(string value, int status)
    {
        Assert.Equal((value, status), (value, Judge(Host + Upgrade + Version + Key + $"Sec-WebSocket-Extensions: {value}\r\n")));
    }

    [Fact]
    public void H13_the_accept_is_the_one_of_the_RFC_and_names_no_extension()
    {
        ArrayBufferWriter<byte> output = new();
        Handshake.WriteAccept(output, "dGhlIHNhbXBsZSBub25jZQ=="u8, "chat");
        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
            Encoding.ASCII.GetString(output.WrittenSpan));
    }

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
    public void H16_same_origin_by_default(string origin, string host, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Judge($"Host: {host}\r\nOrigin: {origin}\r\n" + Upgrade + Version + Key)));
    }

    [Fact]
    public void H16_no_origin_is_no_browser()
    {
        Assert.Equal(101, Judge(Host + Upgrade + Version + Key, policy: HandshakePolicy.Only("https://a.org")));
    }

    [Fact]
    public void H16_two_origins_are_400()
    {
        Assert.Equal(400, Judge(Host + "Origin: http://example.com\r\nOrigin: http://example.com\r\n" + Upgrade + Version + Key, policy: HandshakePolicy.AnyOrigin));
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
    public void H16_an_exact_list_compares_scheme_host_and_port(string origin, int status)
    {
        HandshakePolicy policy = HandshakePolicy.Only("https://a.org", "http://b.org:8080");
        Assert.Equal((origin, status), (origin, Judge(Host + $"Origin: {origin}\r\n" + Upgrade + Version + Key, policy: policy)));
    }

    [Fact]
    public void H16_null_and_any_are_allowed_where_that_was_said()
    {
        string request = Host + "Origin: null\r\n" + Upgrade + Version + Key;
        Assert.Equal(101, Judge(request, policy: HandshakePolicy.Only("null")));
        Assert.Equal(101, Judge(request, policy: HandshakePolicy.AnyOrigin));
    }

    [Fact]
    public void H16_an_encrypted_connection_is_another_origin_than_a_plain_page()
    {
        HandshakePolicy secure = new() { Secure = true };
        Assert.Equal(403, Judge(Host + "Origin: http://example.com\r\n" + Upgrade + Version + Key, policy: secure));
        Assert.Equal(101, Judge(Host + "Origin: https://example.com\r\n" + Upgrade + Version + Key, policy: secure));
    }

    [Fact]
    public void H16_an_empty_list_is_not_same_origin()
    {
        Assert.Equal(403, Judge(Host + "Origin: http://example.com\r\n" + Upgrade + Version + Key, policy: HandshakePolicy.Only()));
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("https://a.org/")]
    [InlineData("*")]
    public void H16_a_list_that_is_not_of_origins_is_a_misconfiguration(string origin)
    {
        Assert.Throws<ArgumentException>(() => HandshakePolicy.Only(origin));
    }

    [Fact]
    public void H17_what_follows_the_head_are_frames()
    {
        byte[] bytes = [.. Head(Host + Upgrade + Version + Key), .. Hex.Frame(Opcode.Text, true, "early"u8)];
        Assert.Equal(HeadStatus.Complete, Parse(bytes, out HttpHead head));
        Peer<ServerRole> peer = new();
        peer.Receive(bytes.AsSpan(head.Length));
        Assert.Equal("text early", peer.Transcript);
    }

    [Theory]
    [InlineData(400, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")]
    [InlineData(405, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\nConnection: close\r\n")]
    [InlineData(426, "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n")]
    [InlineData(431, "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n")]
    public void H18_a_refusal_has_a_length_and_closes(int status, string expected)
    {
        ArrayBufferWriter<byte> output = new();
        Handshake.WriteRefusal(output, status, "No, no.");
        Assert.Equal(expected + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\n\r\nNo, no.\n", Encoding.ASCII.GetString(output.WrittenSpan));
    }

    [Fact]
    public void A_request_tells_path_query_host_and_origin()
    {
        byte[] bytes = Head(Host + "Origin: http://example.com\r\n" + Upgrade + Version + Key, "GET /a/b?c=d?e HTTP/1.1");
        Parse(bytes, out HttpHead head);
        Handshake.Judge(head, bytes, HandshakePolicy.SameOrigin, out HandshakeRequest request);
        Assert.Equal("/a/b", Encoding.ASCII.GetString(request.Path));
        Assert.Equal("c=d?e", Encoding.ASCII.GetString(request.Query));
        Assert.Equal("example.com", Encoding.ASCII.GetString(request.Host));
        Assert.Equal("http://example.com", Encoding.ASCII.GetString(request.Origin));
        Assert.Equal("dGhlIHNhbXBsZSBub25jZQ==", Encoding.ASCII.GetString(request.Key));
    }

    [Fact]
    public void A_head_that_another_parser_read_is_written_again_and_judged_by_the_same_rules()
    {
        ArrayBufferWriter<byte> output = new();
        HeadWriter writer = new(output);
        writer.Request("GET", "/é?a=b");
        writer.Field("Host"u8, "example.com");
        writer.Field("Upgrade"u8, "websocket");
        writer.Field("Connection"u8, "Upgrade");
        writer.Field("Sec-WebSocket-Version"u8, "13");
        writer.Field("Sec-WebSocket-Key"u8, "dGhlIHNhbXBsZSBub25jZQ==");
        writer.Field("Origin"u8, "http://evil.org\r\nOrigin: http://example.com");
        writer.End();
        Assert.Equal(HeadStatus.Complete, Parse(output.WrittenSpan.ToArray(), out HttpHead head));
        Assert.Equal(403, Handshake.Judge(head, output.WrittenSpan, HandshakePolicy.SameOrigin, out _).Status);
    }

    internal static HeadStatus Parse(byte[] bytes, out HttpHead head)
    {
        head = default;
        return head.Parse(bytes, HttpHeadLimits.Default);
    }

    private static int Judge(string headers, string requestLine = "GET /chat HTTP/1.1", HandshakePolicy? policy = null)
    {
        byte[] bytes = Head(headers, requestLine);
        Assert.Equal(HeadStatus.Complete, Parse(bytes, out HttpHead head));
        HandshakeVerdict verdict = Handshake.Judge(head, bytes, policy ?? HandshakePolicy.SameOrigin, out HandshakeRequest request);
        Assert.Equal(verdict.Accepted, !request.Key.IsEmpty);
        return verdict.Status;
    }

    private static byte[] Head(string headers, string requestLine = "GET /chat HTTP/1.1") =>
        Encoding.Latin1.GetBytes(requestLine + "\r\n" + headers + "\r\n");
}
