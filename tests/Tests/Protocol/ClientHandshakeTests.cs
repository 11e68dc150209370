using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class ClientHandshakeTests
{
    private const string Accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";

    private static readonly byte[] s_nonce = "the sample nonce"u8.ToArray();

    [Fact]
    public void A_client_and_a_server_agree()
    {
        ArrayBufferWriter<byte> request = new();
        ClientHandshake.WriteRequest(request, "localhost:8000", "/echo?x", s_nonce, ["a", "b"], "http://localhost:8000");
        Assert.Equal(HeadStatus.Complete, HandshakeTests.Parse(request.WrittenSpan.ToArray(), out HttpHead head));
        Assert.Equal(101, Handshake.Judge(head, request.WrittenSpan, HandshakePolicy.SameOrigin, out HandshakeRequest accepted).Status);
        Assert.True(Handshake.ChooseSubprotocol(accepted, ["b"], out string? chosen));
        ArrayBufferWriter<byte> response = new();
        Handshake.WriteAccept(response, accepted.Key, chosen);
        Assert.Equal((101, "b"), Judge(Encoding.ASCII.GetString(response.WrittenSpan), "a", "b"));
    }

    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n" + Upgrade + Accept, 101, "everything right")]
    [InlineData("HTTP/1.1 101\r\n" + Upgrade + Accept, 101, "no reason phrase")]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n", 403, "refused")]
    [InlineData("HTTP/1.1 200 OK\r\n" + Upgrade + Accept, 200, "a success that is no upgrade")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade, 0, "no accept value")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n", 0, "a wrong accept value")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + Accept, 0, "two accept values")]
    [InlineData("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n" + Accept, 0, "no Upgrade")]
    [InlineData("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" + Accept, 0, "no Connection")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n", 0, "an extension that was not offered")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "Sec-WebSocket-Protocol: c\r\n", 0, "a subprotocol that was not offered")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "Sec-WebSocket-Protocol: a, b\r\n", 0, "two subprotocols")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: c\r\n", 0, "one subprotocol after another")]
    [InlineData("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "Sec-WebSocket-Protocol:\r\n", 0, "an empty subprotocol")]
    public void H15_an_answer_is_checked_before_any_of_it_is_used(string response, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Judge(response + "\r\n", "a", "b").Status));
    }

    [Theory]
    [InlineData("HTTP/1.0 101 x\r\n\r\n", "another version")]
    [InlineData("HTTP/1.1 1 x\r\n\r\n", "a status of one digit")]
    [InlineData("HTTP/1.1 +01 x\r\n\r\n", "a status with a sign")]
    [InlineData("HTTP/1.1 1011 x\r\n\r\n", "a status of four digits")]
    [InlineData("HTTP/1.1 101 x\n\r\n", "a bare LF")]
    [InlineData("HTTP/1.1 101 \0\r\n\r\n", "NUL in the reason")]
    [InlineData("HTTP/1.1 101 x\r\nA : b\r\n\r\n", "a header that is none")]
    [InlineData("\n", "noise")]
    public void H15_a_malformed_answer_is_refused_at_every_cut(string response, string sentence)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(response);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            HttpResponseHead head = default;
            head.Parse(bytes.AsSpan(0, cut), HttpHeadLimits.Default);
            Assert.Equal((sentence, HeadStatus.Refused), (sentence, head.Parse(bytes, HttpHeadLimits.Default)));
        }
    }

    [Fact]
    public void An_answer_is_read_byte_by_byte_and_frames_may_follow_it()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("HTTP/1.1 101 x\r\n" + Upgrade + Accept + "\r\n" + "frames");
        HttpResponseHead head = default;
        int complete = Enumerable.Range(1, bytes.Length).First(i => head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default) == HeadStatus.Complete);
        Assert.Equal((bytes.Length - 6, bytes.Length - 6), (complete, head.Length));
    }

    [Fact]
    public void H1_an_answer_larger_than_allowed_is_refused()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("HTTP/1.1 101 " + new string('x', 9000));
        HttpResponseHead head = default;
        Assert.Equal(HeadStatus.Refused, head.Parse(bytes, HttpHeadLimits.Default));
    }

    private static (int Status, string? Chosen) Judge(string response, params string[] offered)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(response);
        HttpResponseHead head = default;
        Assert.Equal(HeadStatus.Complete, head.Parse(bytes, HttpHeadLimits.Default));
        HandshakeVerdict verdict = ClientHandshake.Judge(head, bytes, s_nonce, offered, out string? chosen);
        return (verdict.Status, chosen);
    }
}
