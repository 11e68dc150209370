using Sluice.Live.Kestrel;
using Sluice.Protocol;
using Xunit;
using static Sluice.Live.Hardening.Wire;

namespace Sluice.Live.Hardening;

/// <summary>Lines 1, 2 and 4 to 12, 16 to 18 and 20: requests. Whoever is refused goes on sending, and has its answer all the same.</summary>
public sealed class RequestTests(Servers servers) : IClassFixture<Servers>
{
    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening01_A_head_that_is_too_large_is_431(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("9 KB", Request(Good + "X: " + new string('a', 9000) + "\r\n"), 431),
        ("101 lines", Request(Good + string.Concat(Enumerable.Repeat("X: y\r\n", 97))), 431));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening01_A_head_without_end_is_431(Carriage carriage)
    {
        using Peer peer = servers[carriage].Connect();
        peer.Send($"{Line}\r\n{Good}X: " + new string('a', 100_000));
        Assert.Equal(431, peer.ReadAnswer().Status);
        peer.Dispose();
        await servers[carriage].ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening02_A_head_of_8_KB_that_comes_byte_by_byte_is_answered(Carriage carriage)
    {
        using Peer peer = servers[carriage].Connect();
        byte[] request = Bytes(Request(Good + "X: " + new string('a', 7900) + "\r\n"));
        for (int i = 0; i < request.Length; i++)
        {
            peer.Send(request.AsSpan(i, 1));
        }
        Assert.Equal(101, peer.ReadAnswer().Status);
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
        await servers[carriage].ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor, 400)]
    [InlineData(Carriage.Tls, 400)]
    [InlineData(Carriage.Kestrel, 505)]
    public Task Hardening04_A_request_line_is_exact(Carriage carriage, int versionInLowerCase) => servers[carriage].ExpectAnswersAsync(
        ("POST", Request(line: "POST /echo HTTP/1.1"), 405),
        ("HEAD, whose answer has no body", Request(line: "HEAD /echo HTTP/1.1"), 405),
        ("HTTP/1.0", Request(line: "GET /echo HTTP/1.0"), 505),
        ("lower case", Request(line: "GET /echo http/1.1"), versionInLowerCase),
        ("a long target", Request(line: "GET /echo?" + new string('a', 5000) + " HTTP/1.1"), 414));

    [Theory]
    [InlineData(Carriage.Reactor, 400)]
    [InlineData(Carriage.Tls, 400)]
    [InlineData(Carriage.Kestrel, 101)]
    public Task Hardening05_Lines_are_strict(Carriage carriage, int bareLineFeed) => servers[carriage].ExpectAnswersAsync(
        ("a bare LF", Request(Good + "X: y\n"), bareLineFeed),
        ("a bare CR", Request(Good + "X: y\rZ: z\r\n"), 400),
        ("NUL", Request(Good + "X: \0\r\n"), 400),
        ("a folded line", Request(Good + "X: a\r\n b\r\n"), 400),
        ("a space before the colon", Request(Good + "X : y\r\n"), 400),
        ("no name", Request(Good + ": y\r\n"), 400));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening06_Exactly_one_valid_Host(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("none", Request(Upgrade + Version13 + Key), 400),
        ("two", Request(Host + Good), 400),
        ("no authority", Request("Host: a b\r\n" + Upgrade + Version13 + Key), 400),
        ("another in the target", Request(line: "GET http://elsewhere/echo HTTP/1.1"), 400));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening07_A_body_is_400(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("a length", Request(Good + "Content-Length: 5\r\n"), 400),
        ("a coding", Request(Good + "Transfer-Encoding: chunked\r\n"), 400),
        ("both", Request(Good + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening08_Upgrade_and_Connection_hold_their_tokens(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("no Upgrade", Request(Host + "Connection: Upgrade\r\n" + Version13 + Key), 426),
        ("a longer word", Request(Host + "Upgrade: websockets\r\nConnection: Upgrade\r\n" + Version13 + Key), 426),
        ("no Connection", Request(Host + "Upgrade: websocket\r\n" + Version13 + Key), 400),
        ("a word that ends so", Request(Host + "Upgrade: websocket\r\nConnection: not-upgrade\r\n" + Version13 + Key), 400),
        ("among others, in other letters", Request(Host + "Upgrade: WebSocket\r\nConnection: keep-alive, uPGRADE\r\n" + Version13 + Key), 101));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening09_Exactly_one_version_and_it_is_13(Carriage carriage)
    {
        await servers[carriage].ExpectAnswersAsync(
            ("none", Request(Host + Upgrade + Key), 400),
            ("two", Request(Good + Version13), 400),
            ("another", Request(Host + Upgrade + "Sec-WebSocket-Version: 8\r\n" + Key), 426));
        using Peer peer = servers[carriage].Connect();
        peer.Send(Request(Host + Upgrade + "Sec-WebSocket-Version: 25\r\n" + Key));
        string head = peer.ReadAnswer().Head;
        Assert.Contains("\r\nSec-WebSocket-Version: 13\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nUpgrade: websocket\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade, close\r\n", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening10_Exactly_one_key_of_16_bytes(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("none", Request(Host + Upgrade + Version13), 400),
        ("two", Request(Good + Key), 400),
        ("15 bytes", Request(Host + Upgrade + Version13 + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"), 400),
        ("no base64", Request(Host + Upgrade + Version13 + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25_ZQ==\r\n"), 400));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening11_Subprotocols_are_tokens_and_the_servers_order_wins(Carriage carriage)
    {
        await servers[carriage].ExpectAnswersAsync(
            ("twice the same", Request(Good + "Sec-WebSocket-Protocol: good, good\r\n"), 400),
            ("no token", Request(Good + "Sec-WebSocket-Protocol: go od\r\n"), 400),
            ("none that is spoken", Request(Good + "Sec-WebSocket-Protocol: secret\r\n"), 400),
            ("no ASCII", Request(Good + "Sec-WebSocket-Protocol: h\u00e9\r\n"), 400));
        using Peer peer = servers[carriage].Connect();
        peer.Send(Request(Good + "Sec-WebSocket-Protocol: other, good\r\nSec-WebSocket-Protocol: best\r\n"));
        Assert.Contains("\r\nSec-WebSocket-Protocol: best\r\n", peer.ReadAnswer().Head, StringComparison.Ordinal);
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening12_Extensions_follow_their_grammar(Carriage carriage) => servers[carriage].ExpectAnswersAsync(
        ("no name", Request(Good + "Sec-WebSocket-Extensions: permessage-deflate; =1\r\n"), 400),
        ("nothing behind the semicolon", Request(Good + "Sec-WebSocket-Extensions: permessage-deflate;\r\n"), 400),
        ("wrong in the second line", Request(Good + Deflate + "Sec-WebSocket-Extensions: x;\r\n"), 400),
        ("another extension", Request(Good + "Sec-WebSocket-Extensions: permessage-deflatex\r\n"), 101));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public Task Hardening16_Another_origin_is_403(Carriage carriage)
    {
        string scheme = carriage == Carriage.Tls ? "https" : "http";
        return servers[carriage].ExpectAnswersAsync(
            ("elsewhere", Request(Good + $"Origin: {scheme}://elsewhere\r\n"), 403),
            ("a suffix", Request(Good + $"Origin: {scheme}://evil-localhost\r\n"), 403),
            ("another port", Request(Good + $"Origin: {scheme}://localhost:81\r\n"), 403),
            ("null", Request(Good + "Origin: null\r\n"), 403),
            ("two", Request(Good + $"Origin: {scheme}://localhost\r\nOrigin: {scheme}://localhost\r\n"), 400),
            ("the same", Request(Good + $"Origin: {scheme}://localhost\r\n"), 101));
    }

    [Fact]
    public Task Hardening16_A_page_that_came_without_TLS_is_another_origin_over_TLS() => servers[Carriage.Tls].ExpectAnswersAsync(
        ("the same host", Request(Good + "Origin: http://localhost\r\n"), 403));

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening17_What_follows_the_head_are_frames(Carriage carriage)
    {
        using Peer peer = servers[carriage].Connect();
        byte[] request = Bytes(Request());
        byte[] frame = Frame(Opcode.Text, "early"u8);
        peer.Send([.. request[..20]]);
        peer.Send([.. request[20..], .. frame, .. frame[..3]]);
        peer.Send(frame.AsSpan(3));
        Assert.Equal(101, peer.ReadAnswer().Status);
        Assert.Equal("early"u8, peer.ReadFrame().Payload);
        Assert.Equal("early"u8, peer.ReadFrame().Payload);
        peer.ExpectGoodbye();
        Assert.Equal(CloseCodes.Normal, servers[carriage].Witness.ExpectEnd());
        await servers[carriage].ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening18_What_looks_like_frames_after_a_refused_request_is_not_served(Carriage carriage)
    {
        using Peer peer = servers[carriage].Connect();
        peer.Send([.. Bytes(Request(Good + "Origin: http://elsewhere\r\n")), .. Frame(Opcode.Text, "early"u8), .. Bytes(Request()), .. Noise]);
        Assert.Equal(403, peer.ReadAnswer().Status);
        peer.ExpectEnd();
        peer.Dispose();
        servers[carriage].Witness.ExpectNoFurtherEnd();
        await servers[carriage].ExpectNothingLeftAsync();
    }

    [Theory]
    [InlineData(Carriage.Reactor)]
    [InlineData(Carriage.Tls)]
    [InlineData(Carriage.Kestrel)]
    public async Task Hardening20_Nothing_of_a_request_is_quoted(Carriage carriage)
    {
        // That the answers hold no secret is part of the expectation.
        await servers[carriage].ExpectAnswersAsync(
            ("in the query", Request(Host, "GET /echo?token=secret HTTP/1.1"), 426),
            ("in an origin", Request(Good + "Origin: http://secret\r\n"), 403),
            ("in the version", Request(Good, "GET /echo?secret HTTP/1.0"), 505),
            ("in a header's name", Request(Good + "secret : x\r\n"), 400));
        Assert.DoesNotContain(servers[carriage].Log, static line => line.Contains("secret", StringComparison.OrdinalIgnoreCase));
    }
}
