using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Line 15: what a client makes of an answer, before any of it is used.</summary>
public class ClientAnswerTests
{
    private const string Accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    private const string Right = "HTTP/1.1 101 Switching Protocols\r\n" + Upgrade + Accept;

    private static readonly byte[] s_nonce = "the sample nonce"u8.ToArray();

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
    public void Hardening15_An_answer_is_checked_before_any_of_it_is_used(string response, int status, string sentence)
    {
        Assert.Equal((sentence, status), (sentence, Judge(response, null).Status));
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
    public void Hardening15_A_malformed_answer_is_refused_at_every_cut(string response, string sentence)
    {
        HeadStatus status = EveryCut.Feed(Encoding.ASCII.GetBytes(response), static pieces => Read(pieces, out _, out _));
        Assert.Equal((sentence, HeadStatus.Refused), (sentence, status));
    }

    [Theory]
    [InlineData("", 15, 15, false, false)]
    [InlineData("; client_no_context_takeover", 15, 15, true, false)]
    [InlineData("; server_no_context_takeover", 15, 15, false, true)]
    [InlineData("; server_max_window_bits=8", 15, 8, false, false)]
    [InlineData("; client_max_window_bits=8", 8, 15, false, false)]
    [InlineData("; client_max_window_bits=15;server_max_window_bits=\"12\" ; client_no_context_takeover; server_no_context_takeover", 15, 12, true, true)]
    public void Hardening15_Compression_is_taken_as_it_is_answered(string parameters, int sendBits, int receiveBits, bool sendFresh, bool receiveFresh)
    {
        string response = Right + $"Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n";
        DeflateAgreement expected = new(sendBits, receiveBits, sendFresh, receiveFresh);
        Assert.Equal((parameters, (101, expected, null)), (parameters, Judge(response, new DeflateOffer())));
        Assert.Equal((parameters, (0, default, null)), (parameters, Judge(response, null)));
    }

    [Theory]
    [InlineData("permessage-deflate; client_max_window_bits", "a value is missing")]
    [InlineData("permessage-deflate; server_max_window_bits", "here too")]
    [InlineData("permessage-deflate; client_max_window_bits=7", "too small")]
    [InlineData("permessage-deflate; client_max_window_bits=16", "too large")]
    [InlineData("permessage-deflate; server_max_window_bits=0", "zero")]
    [InlineData("permessage-deflate; server_max_window_bits=256", "more than a byte")]
    [InlineData("permessage-deflate; server_max_window_bits=1000000000000000000000", "more than any integer")]
    [InlineData("permessage-deflate; server_max_window_bits=-8", "a sign")]
    [InlineData("permessage-deflate; client_max_window_bits=10; client_max_window_bits=10", "repeated")]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", "repeated")]
    [InlineData("permessage-deflate; server_no_context_takeover=true", "a value where none belongs")]
    [InlineData("permessage-deflate; unknown", "an unknown parameter")]
    [InlineData("permessage-deflate, permessage-deflate", "twice")]
    [InlineData("permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate", "twice, on two lines")]
    [InlineData("permessage-deflate, x", "a second that was not offered")]
    [InlineData("x", "another")]
    [InlineData("permessage-deflatex", "nearly the same")]
    [InlineData("", "nothing")]
    [InlineData("permessage-deflate;", "malformed")]
    [InlineData("permessage-deflate; server_max_window_bits=\"10", "malformed")]
    public void Hardening15_Another_answer_to_an_offer_of_compression_fails(string extensions, string sentence)
    {
        string response = Right + $"Sec-WebSocket-Extensions: {extensions}\r\nSec-WebSocket-Protocol: a\r\n";
        Assert.Equal((sentence, (0, default, null)), (sentence, Judge(response, new DeflateOffer())));
    }

    [Theory]
    [InlineData("; server_no_context_takeover; server_max_window_bits=10", 101)]
    [InlineData("; server_no_context_takeover; server_max_window_bits=8", 101)]
    [InlineData("; server_no_context_takeover; server_max_window_bits=11", 0)]
    [InlineData("; server_no_context_takeover", 0)]
    [InlineData("; server_max_window_bits=10", 0)]
    [InlineData("", 0)]
    public void Hardening15_What_was_asked_must_be_granted(string parameters, int status)
    {
        DeflateOffer offer = new() { ReceiveFresh = true, ReceiveWindowBitsMax = 10 };
        Assert.Equal((parameters, status), (parameters, Judge(Right + $"Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n", offer).Status));
    }

    [Fact]
    public void Hardening15_An_offer_may_be_declined()
    {
        Assert.Equal((101, default, null), Judge(Right, new DeflateOffer { ReceiveFresh = true, ReceiveWindowBitsMax = 10 }));
    }

    [Theory]
    [InlineData(false, 15, "permessage-deflate; client_max_window_bits")]
    [InlineData(true, 8, "permessage-deflate; server_no_context_takeover; server_max_window_bits=8; client_max_window_bits")]
    public void Hardening15_An_offer_says_what_is_wanted(bool fresh, int bits, string expected)
    {
        string request = Write(new() { Deflate = new DeflateOffer { ReceiveFresh = fresh, ReceiveWindowBitsMax = bits } });
        Assert.Contains($"\r\nSec-WebSocket-Extensions: {expected}\r\n", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X", "a\r\nY: b", "a line of its own")]
    [InlineData("X", "a\nb", "a bare LF")]
    [InlineData("X", "a\0", "NUL")]
    [InlineData("X", "\u00e9", "not ASCII")]
    [InlineData("X Y", "a", "a name that is no token")]
    [InlineData("X:", "a", "a colon in the name")]
    [InlineData("X\r\nY", "a", "a line in the name")]
    [InlineData("", "a", "no name")]
    [InlineData("host", "a", "a second Host")]
    [InlineData("Content-Length", "5", "a body")]
    [InlineData("Transfer-Encoding", "chunked", "a body")]
    [InlineData("Sec-WebSocket-Extensions", "x", "another offer")]
    public void Hardening15_A_further_header_that_would_make_another_request_is_our_caller_s_error(string name, string value, string sentence)
    {
        ArrayBufferWriter<byte> output = new();
        ArgumentException error = Assert.Throws<ArgumentException>(() => Write(new() { Headers = [new("A", "b"), new(name, value)] }, output));
        Assert.True(output.WrittenCount == 0 && (value.Length == 1 || !error.Message.Contains(value, StringComparison.Ordinal)), sentence);
    }

    private static string Write(HandshakeOffer offer, ArrayBufferWriter<byte>? output = null)
    {
        output ??= new();
        ClientHandshake.WriteRequest(output, "example.com", "/", s_nonce, offer);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }

    private static (int Status, DeflateAgreement Deflate, string? Subprotocol) Judge(string response, DeflateOffer? deflate) =>
        EveryCut.Feed(Encoding.ASCII.GetBytes(response + "\r\n"), pieces =>
        {
            Assert.Equal(HeadStatus.Complete, Read(pieces, out HttpResponseHead head, out byte[] bytes));
            HandshakeOffer offer = new() { Subprotocols = ["a", "b"], Deflate = deflate };
            HandshakeVerdict verdict = ClientHandshake.Judge(head, bytes, s_nonce, offer, out HandshakeAgreement agreement);
            return (verdict.Status, agreement.Deflate, agreement.Subprotocol);
        });

    private static HeadStatus Read(IEnumerable<byte[]> pieces, out HttpResponseHead head, out byte[] bytes)
    {
        bytes = [];
        head = default;
        HeadStatus status = HeadStatus.NeedMore;
        foreach (byte[] piece in pieces)
        {
            bytes = [.. bytes, .. piece];
            status = head.Parse(bytes, HttpHeadLimits.Default);
        }
        return status;
    }
}
