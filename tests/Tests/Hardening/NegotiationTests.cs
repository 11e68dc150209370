using Sluice.Protocol;
using static Sluice.Tests.Hardening.Request;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 11 to 14: what a client offers, and what of it is answered.</summary>
public class NegotiationTests
{
    private const string None = "101 without one";
    private const string Least = "permessage-deflate; client_no_context_takeover";

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
    public void Hardening11_Subprotocols_are_distinct_tokens(string value, int status)
    {
        Assert.Equal((value, status), (value, Status(Good + $"Sec-WebSocket-Protocol: {value}\r\n")));
    }

    [Fact]
    public void Hardening11_Many_subprotocols_are_400()
    {
        string Offer(int count) => "Sec-WebSocket-Protocol: " + string.Join(',', Enumerable.Range(0, count)) + "\r\n";
        Assert.Equal(101, Status(Good + Offer(32)));
        Assert.Equal(400, Status(Good + Offer(33)));
    }

    [Theory]
    [InlineData("b, a", "a,b", "a")]
    [InlineData("b\r\nSec-WebSocket-Protocol: a", "a,b", "a")]
    [InlineData("b", "a,b", "b")]
    [InlineData("A", "a", "400")]
    [InlineData("aa", "a", "400")]
    [InlineData("a", "", "101 without one")]
    [InlineData(null, "a", "101 without one")]
    public void Hardening11_The_server_s_preference_wins(string? offer, string preference, string expected)
    {
        string header = offer is null ? "" : $"Sec-WebSocket-Protocol: {offer}\r\n";
        string answer = Answer(Good + header, subprotocols: preference.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((offer, expected), (offer, Value(answer, "Sec-WebSocket-Protocol")));
    }

    [Theory]
    [InlineData("permessage-deflate", 101)]
    [InlineData("permessage-deflate; client_max_window_bits", 101)]
    [InlineData("permessage-deflate; server_max_window_bits=\"10\", x-webkit-deflate-frame ; a = b", 101)]
    [InlineData("permessage-deflatex; whatever=1", 101)]
    [InlineData("foo\r\nSec-WebSocket-Extensions: bar", 101)]
    [InlineData("a; b=\"c\\d\"", 101)]
    [InlineData("", 400)]
    [InlineData("permessage-deflate;", 400)]
    [InlineData("permessage-deflate; =1", 400)]
    [InlineData("permessage-deflate; a=", 400)]
    [InlineData("permessage-deflate; a=\"", 400)]
    [InlineData("permessage-deflate; a=\"\"", 400)]
    [InlineData("permessage-deflate; a=\"b", 400)]
    [InlineData("permessage-deflate; a=\"b,c\"", 400)]
    [InlineData("permessage-deflate; a=\"b\\,c\"", 400)]
    [InlineData("permessage-deflate; a=\"b\\\"c\"", 400)]
    [InlineData("permessage-deflate; a=\"b\\\"", 400)]
    [InlineData("permessage-deflate; a=b c", 400)]
    [InlineData("permessage-deflate a", 400)]
    [InlineData("permessage-deflate,", 400)]
    [InlineData("permessage-deflate=1", 400)]
    [InlineData("per(message", 400)]
    [InlineData("good\r\nSec-WebSocket-Extensions: bad;", 400)]
    [InlineData("bad;\r\nSec-WebSocket-Extensions: good", 400)]
    public void Hardening12_Extensions_follow_their_grammar(string value, int status)
    {
        Assert.Equal((value, status), (value, Status(Good + $"Sec-WebSocket-Extensions: {value}\r\n")));
    }

    [Theory]
    [InlineData("permessage-deflatex")]
    [InlineData("xpermessage-deflate")]
    [InlineData("Permessage-Deflate")]
    [InlineData("permessage-deflate-frame; client_max_window_bits")]
    [InlineData("x; permessage-deflate")]
    public void Hardening12_Another_extension_is_not_permessage_deflate(string offer) => Assert.Equal((offer, None), (offer, Negotiate(offer)));

    [Theory]
    [InlineData("client_max_window_bitz", "unknown")]
    [InlineData("Client_Max_Window_Bits", "in another case")]
    [InlineData("client_max_window_bits; client_max_window_bits", "twice")]
    [InlineData("client_max_window_bits=10; client_max_window_bits", "twice, once with a value")]
    [InlineData("server_max_window_bits=10; server_max_window_bits=10", "twice the same")]
    [InlineData("server_no_context_takeover; server_no_context_takeover", "twice")]
    [InlineData("server_no_context_takeover; client_no_context_takeover; server_no_context_takeover", "twice, with another between")]
    [InlineData("server_no_context_takeover=1", "a value where none belongs")]
    [InlineData("client_no_context_takeover=15", "a value where none belongs, which would be right elsewhere")]
    [InlineData("client_no_context_takeover; client_no_context_takeover=10", "once right, once wrong")]
    [InlineData("server_max_window_bits", "no value")]
    [InlineData("server_max_window_bits=7", "too small")]
    [InlineData("server_max_window_bits=16", "too large")]
    [InlineData("server_max_window_bits=0", "zero")]
    [InlineData("server_max_window_bits=255", "what a byte holds")]
    [InlineData("server_max_window_bits=264", "8 and 256")]
    [InlineData("server_max_window_bits=4294967304", "8 and 2 to the 32nd")]
    [InlineData("server_max_window_bits=08", "a leading zero")]
    [InlineData("client_max_window_bits=010", "a leading zero")]
    [InlineData("client_max_window_bits=+9", "a sign")]
    [InlineData("client_max_window_bits=-9", "a minus")]
    [InlineData("client_max_window_bits= 9", "a space")]
    [InlineData("client_max_window_bits =9", "a space before")]
    [InlineData("client_max_window_bits=9.0", "a fraction")]
    [InlineData("client_max_window_bits=0x9", "another base")]
    [InlineData("client_max_window_bits=\"16\"", "quoted, too large")]
    [InlineData("client_max_window_bits=\"1\\0\"", "with a backslash, which is right and never written")]
    public void Hardening13_A_wrong_parameter_declines_this_offer_and_the_next_is_looked_at(string parameters, string sentence)
    {
        string offer = $"permessage-deflate; {parameters}";
        Assert.Equal((sentence, None), (sentence, Negotiate(offer)));
        Assert.Equal((sentence, Least), (sentence, Negotiate(offer + ", permessage-deflate")));
        Assert.Equal((sentence, Least), (sentence, Negotiate(offer + ", x; y=1\r\nSec-WebSocket-Extensions: permessage-deflate")));
        Assert.Equal((sentence, None), (sentence, Negotiate($"{offer}, {offer}")));
    }

    [Fact]
    public void Hardening13_The_first_acceptable_offer_is_answered()
    {
        Assert.Equal(Least + "; server_max_window_bits=9", Negotiate("permessage-deflate; server_max_window_bits=9, permessage-deflate"));
        Assert.Equal(Least, Negotiate("permessage-deflate, permessage-deflate; server_max_window_bits=9"));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("; client_max_window_bits", "")]
    [InlineData("; client_max_window_bits=10", "")]
    [InlineData("; client_no_context_takeover", "")]
    [InlineData("; server_max_window_bits=8", "; server_max_window_bits=8")]
    [InlineData("; server_max_window_bits=15", "; server_max_window_bits=15")]
    [InlineData(";server_max_window_bits=\"10\" ;\tclient_max_window_bits", "; server_max_window_bits=10")]
    public void Hardening14_What_is_accepted_is_echoed(string parameters, string echo) =>
        Assert.Equal((parameters, Least + echo), (parameters, Negotiate("permessage-deflate" + parameters)));

    [Fact]
    public void Hardening14_Messages_without_context_are_granted_and_always_asked_for()
    {
        Assert.Equal("permessage-deflate; server_no_context_takeover; client_no_context_takeover", Negotiate("permessage-deflate; server_no_context_takeover"));
    }

    [Theory]
    [InlineData("", "; server_max_window_bits=12", 12, 15, "the client is not bounded where it did not offer it")]
    [InlineData("; client_max_window_bits", "; server_max_window_bits=12; client_max_window_bits=10", 12, 10, "both are bounded")]
    [InlineData("; client_max_window_bits=15", "; server_max_window_bits=12; client_max_window_bits=10", 12, 10, "by more than is offered")]
    [InlineData("; client_max_window_bits=9", "; server_max_window_bits=12; client_max_window_bits=9", 12, 9, "never by more than it offered")]
    [InlineData("; server_max_window_bits=11", "; server_max_window_bits=11", 11, 15, "never more than was asked")]
    [InlineData("; server_max_window_bits=14", "; server_max_window_bits=12", 12, 15, "less than was asked")]
    public void Hardening14_Options_bound_both_windows(string parameters, string echo, int sendBits, int receiveBits, string sentence)
    {
        DeflateOptions options = new() { SendWindowBitsMax = 12, ReceiveWindowBitsMax = 10 };
        string answer = Answer(Good + $"Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n", options, out DeflateAgreement agreed);
        Assert.Equal((sentence, Least + echo), (sentence, Value(answer, "Sec-WebSocket-Extensions")));
        Assert.Equal((sentence, new DeflateAgreement(sendBits, receiveBits, sendFresh: false, receiveFresh: true)), (sentence, agreed));
    }

    [Fact]
    public void Hardening14_Where_it_is_not_spoken_nothing_is_agreed()
    {
        string answer = Answer(Good + "Sec-WebSocket-Extensions: permessage-deflate\r\n", null, out DeflateAgreement agreed);
        Assert.Equal((None, default), (Value(answer, "Sec-WebSocket-Extensions"), agreed));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(16)]
    public void Hardening14_A_window_of_another_size_is_a_misconfiguration(int bits)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeflateOptions { SendWindowBitsMax = bits });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeflateOptions { ReceiveWindowBitsMax = bits });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DeflateOffer { ReceiveWindowBitsMax = bits });
    }

    private static string Negotiate(string offer)
    {
        string answer = Answer(Good + $"Sec-WebSocket-Extensions: {offer}\r\n", new DeflateOptions(), out DeflateAgreement agreed);
        string value = Value(answer, "Sec-WebSocket-Extensions");
        Assert.Equal(agreed.Agreed, value != None);
        return value;
    }

    // What a header of an answer says.
    private static string Value(string answer, string header)
    {
        string line = answer.Split("\r\n").SingleOrDefault(line => line.StartsWith(header + ": ", StringComparison.Ordinal)) ?? "";
        string status = answer["HTTP/1.1 ".Length..][..3];
        return line.Length > 0 ? line[(header.Length + 2)..] : status == "101" ? None : status;
    }
}
