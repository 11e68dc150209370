using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>Lines 1, 2, 4 and 5: what is no head of HTTP/1.1.</summary>
public class HeadTests
{
    private const string Small = "GET /a?b HTTP/1.1\r\nHost: h\r\nX:y\r\nEmpty:\r\nTab:\t v \t\r\n\r\n";

    [Fact]
    public void Hardening01_More_bytes_than_allowed_are_431()
    {
        HttpHeadLimits limits = new() { HeadBytesMax = Small.Length };
        Assert.Equal("complete", Request.Parse(Small, limits));
        Assert.Equal("431", Request.Parse(Small, limits with { HeadBytesMax = Small.Length - 1 }));
        Assert.Equal("431", Request.Parse("GET / HTTP/1.1\r\nA: " + new string('a', 8192), HttpHeadLimits.Default));
    }

    [Fact]
    public void Hardening01_More_headers_than_allowed_are_431()
    {
        string lines = string.Concat(Enumerable.Repeat("a: b\r\n", 100));
        Assert.Equal("complete", Request.Parse("GET / HTTP/1.1\r\n" + lines + "\r\n"));
        Assert.Equal("431", Request.Parse("GET / HTTP/1.1\r\n" + lines + "a: b\r\n\r\n"));
    }

    [Fact]
    public void Hardening01_An_answer_larger_than_allowed_is_refused()
    {
        byte[] bytes = Encoding.ASCII.GetBytes("HTTP/1.1 101 " + new string('x', 9000));
        HttpResponseHead head = default;
        Assert.Equal(HeadStatus.Refused, head.Parse(bytes, HttpHeadLimits.Default));
    }

    [Fact]
    public void Hardening02_A_byte_that_was_read_is_not_looked_at_again()
    {
        // What was presented is overwritten behind the reader's back. Only the version is compared as a whole.
        byte[] bytes = Encoding.ASCII.GetBytes(Small);
        HttpHead head = default;
        for (int i = 1; i <= bytes.Length; i++)
        {
            HeadStatus status = head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default);
            Assert.Equal(i < bytes.Length ? HeadStatus.NeedMore : HeadStatus.Complete, status);
            bytes.AsSpan(0, Math.Max(0, i - "HTTP/1.1\r\n".Length)).Clear();
        }
        Assert.Equal(bytes.Length, head.Length);
    }

    [Theory]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "505", "HTTP/1.0")]
    [InlineData("GET / HTTP/2.0\r\n\r\n", "505", "HTTP/2.0 in the form of HTTP/1")]
    [InlineData("GET / HTTP/1.2\r\n\r\n", "505", "a minor version of the future")]
    [InlineData("GET / http/1.1\r\n\r\n", "400", "lower case")]
    [InlineData("GET / HTTP/1.1 \r\n\r\n", "400", "a space at the end")]
    [InlineData("GET / HTTP/1.11\r\n\r\n", "400", "one digit more")]
    [InlineData("GET /\r\n\r\n", "400", "HTTP/0.9")]
    [InlineData("GET /  HTTP/1.1\r\n\r\n", "400", "two spaces")]
    [InlineData("GET  / HTTP/1.1\r\n\r\n", "400", "two spaces before the target")]
    [InlineData("GET\t/ HTTP/1.1\r\n\r\n", "400", "a tab")]
    [InlineData(" GET / HTTP/1.1\r\n\r\n", "400", "a space before the method")]
    [InlineData("\r\nGET / HTTP/1.1\r\n\r\n", "400", "an empty line first")]
    [InlineData("G(T / HTTP/1.1\r\n\r\n", "400", "a method that is no token")]
    [InlineData("GET /\u0001 HTTP/1.1\r\n\r\n", "400", "a control character in the target")]
    [InlineData("GET /\u00e9 HTTP/1.1\r\n\r\n", "400", "a target that is not ASCII")]
    public void Hardening04_A_request_line_is_exact(string text, string expected, string sentence)
    {
        Assert.Equal((sentence, expected), (sentence, Request.Parse(text)));
    }

    [Theory]
    [InlineData("HEAD", Request.Good, false, "not GET")]
    [InlineData("HEAD", ": x\r\n", false, "a head that is malformed after the method")]
    [InlineData("POST", Request.Good, true, "another method")]
    public void Hardening04_A_refused_HEAD_has_no_body(string method, string headers, bool hasBody, string sentence)
    {
        string answer = Request.Answer(headers, method + " / HTTP/1.1");
        Assert.Contains("\r\nContent-Length: ", answer, StringComparison.Ordinal);
        Assert.Equal((sentence, hasBody), (sentence, !answer.EndsWith("\r\n\r\n", StringComparison.Ordinal)));
    }

    [Fact]
    public void Hardening04_A_long_target_is_414_before_it_ends()
    {
        HttpHeadLimits limits = new() { TargetBytesMax = 100 };
        string target = "/" + new string('a', 99);
        Assert.Equal("complete", Request.Parse($"GET {target} HTTP/1.1\r\n\r\n", limits));
        Assert.Equal("414", Request.Parse($"GET {target}a HTTP/1.1\r\n\r\n", limits));
        Assert.Equal("414", Request.Parse($"GET {target}a", limits));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\nHost: h\r\n\r\n", "a bare LF after the request line")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\n\r\n", "a bare LF after a header")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\n", "a bare LF at the end")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "a bare CR within a value")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", "two CR")]
    [InlineData("GET / HTTP/1.1\r\nHost: h\r\n\rX: y\r\n\r\n", "a bare CR instead of the empty line")]
    [InlineData("GET / HTTP/1.1\r\nHost: \0\r\n\r\n", "NUL in a value")]
    [InlineData("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n", "NUL in a name")]
    [InlineData("GET / HTTP/1.1\r\nX: \u007f\r\n\r\n", "DEL in a value")]
    [InlineData("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "a line folded by a space")]
    [InlineData("GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", "a line folded by a tab")]
    [InlineData("GET / HTTP/1.1\r\n X: a\r\n\r\n", "a space before the first name")]
    [InlineData("GET / HTTP/1.1\r\nX : a\r\n\r\n", "a space before the colon")]
    [InlineData("GET / HTTP/1.1\r\n: a\r\n\r\n", "an empty name")]
    [InlineData("GET / HTTP/1.1\r\nX\r\n\r\n", "no colon")]
    [InlineData("GET / HTTP/1.1\r\nX(: a\r\n\r\n", "a name that is no token")]
    [InlineData("GET / HTTP/1.1\r\nX\u00e9: a\r\n\r\n", "a name that is not ASCII")]
    public void Hardening05_Lines_are_strict(string text, string sentence)
    {
        Assert.Equal((sentence, "400"), (sentence, Request.Parse(text)));
    }
}
