using System.Buffers;
using System.Text;
using Sluice.Protocol;
using Sluice.Tests.Hardening;

namespace Sluice.Tests.Protocol;

/// <summary>What a handshake tells those who take part. What it refuses is in the hardening tests.</summary>
public class HandshakeTests
{
    private static readonly byte[] s_nonce = "the sample nonce"u8.ToArray();

    [Fact]
    public void A_request_tells_path_query_host_and_origin()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("GET /a/b?c=d?e HTTP/1.1\r\n" + Request.Good + "Origin: http://example.com\r\nX: y\r\n\r\n");
        Assert.Equal(101, Judge(bytes, default, out HandshakeRequest request, out _));
        Assert.Equal("/a/b", Encoding.ASCII.GetString(request.Path));
        Assert.Equal("c=d?e", Encoding.ASCII.GetString(request.Query));
        Assert.Equal("example.com", Encoding.ASCII.GetString(request.Host));
        Assert.Equal("http://example.com", Encoding.ASCII.GetString(request.Origin));
        Assert.Equal("dGhlIHNhbXBsZSBub25jZQ==", Encoding.ASCII.GetString(request.Key));
    }

    [Theory]
    [InlineData("/?a=b", "http://example.com", 101)]
    [InlineData("/é?a=b", "http://example.com", 101)]
    [InlineData("/", "http://evil.org", 403)]
    [InlineData("/", "http://évil.org", 403)]
    [InlineData("/", "http://evil.org\r\nOrigin: http://example.com", 400)]
    [InlineData("/", "http://example.com\u007f", 400)]
    [InlineData("/?\u0001", "http://example.com", 400)]
    [InlineData("/ HTTP/1.1\r\nX: y\r\n\r\n", "http://example.com", 400)]
    public void A_head_that_another_parser_read_is_written_again_and_judged_by_the_same_rules(string target, string origin, int status)
    {
        ArrayBufferWriter<byte> output = new();
        HeadWriter writer = new(output);
        writer.Request("GET", target);
        writer.Field("Host"u8, "example.com");
        writer.Field("Upgrade"u8, "websocket");
        writer.Field("Connection"u8, "Upgrade");
        writer.Field("Sec-WebSocket-Version"u8, "13");
        writer.Field("Sec-WebSocket-Key"u8, "dGhlIHNhbXBsZSBub25jZQ==");
        writer.Field("Origin"u8, origin);
        writer.End();
        Assert.Equal((target, origin, status), (target, origin, Judge(output.WrittenSpan, default, out _, out _)));
    }

    [Fact]
    public void A_client_and_a_server_agree()
    {
        HandshakeOffer offer = new()
        {
            Subprotocols = ["a", "b"],
            Deflate = new DeflateOffer { ReceiveWindowBitsMax = 12 },
            Origin = "http://localhost:8000",
            Headers = [new("Authorization", "Bearer x"), new("Cookie", "a=b; c=d")],
        };
        ArrayBufferWriter<byte> request = new();
        ClientHandshake.WriteRequest(request, "localhost:8000", "/echo?x", s_nonce, offer);
        HandshakeTerms terms = new() { Subprotocols = ["b"], Deflate = new DeflateOptions { ReceiveWindowBitsMax = 10 } };
        Assert.Equal(101, Judge(request.WrittenSpan, terms, out HandshakeRequest accepted, out HandshakeAgreement atServer));
        Assert.Equal("b", atServer.Subprotocol);
        Assert.Equal(new DeflateAgreement(sendWindowBits: 12, receiveWindowBits: 10, sendFresh: false, receiveFresh: true), atServer.Deflate);
        Assert.Contains("\r\nAuthorization: Bearer x\r\nCookie: a=b; c=d\r\n\r\n", Encoding.ASCII.GetString(request.WrittenSpan), StringComparison.Ordinal);

        ArrayBufferWriter<byte> response = new();
        Handshake.WriteAccept(response, accepted, atServer);
        HttpResponseHead head = default;
        Assert.Equal(HeadStatus.Complete, head.Parse(response.WrittenSpan, HttpHeadLimits.Default));
        Assert.Equal(101, ClientHandshake.Judge(head, response.WrittenSpan, s_nonce, offer, out HandshakeAgreement atClient).Status);
        Assert.Equal("b", atClient.Subprotocol);
        Assert.Equal(new DeflateAgreement(sendWindowBits: 10, receiveWindowBits: 12, sendFresh: true, receiveFresh: false), atClient.Deflate);
    }

    [Fact]
    public void An_answer_is_read_byte_by_byte_and_frames_may_follow_it()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("HTTP/1.1 101 x\r\nA: b\r\n\r\n" + "frames");
        HttpResponseHead head = default;
        int complete = Enumerable.Range(1, bytes.Length).First(i => head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default) == HeadStatus.Complete);
        Assert.Equal((bytes.Length - 6, bytes.Length - 6), (complete, head.Length));
    }

    private static int Judge(ReadOnlySpan<byte> bytes, HandshakeTerms terms, out HandshakeRequest request, out HandshakeAgreement agreement)
    {
        HttpHead head = default;
        request = default;
        agreement = default;
        return head.Parse(bytes, HttpHeadLimits.Default) == HeadStatus.Complete
            ? Handshake.Judge(head, bytes, terms, out request, out agreement).Status
            : head.RefusalStatus;
    }
}
