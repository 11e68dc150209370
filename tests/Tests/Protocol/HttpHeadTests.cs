using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class HttpHeadTests
{
    private const string Good = "GET /a?b HTTP/1.1\r\nHost: h\r\nX:y\r\nEmpty:\r\nTab:\t v \t\r\n\r\n";

    [Fact]
    public void H1_more_bytes_than_allowed_are_431()
    {
        HttpHeadLimits limits = new() { HeadBytesMax = Good.Length };
        Assert.Equal("complete", Parse(Good, limits));
        Assert.Equal("431", Parse(Good, limits with { HeadBytesMax = Good.Length - 1 }));
        Assert.Equal("431", Parse("GET / HTTP/1.1\r\nA: " + new string('a', 8192), HttpHeadLimits.Default));
    }

    [Fact]
    public void H1_more_headers_than_allowed_are_431()
    {
        string lines = string.Concat(Enumerable.Repeat("a: b\r\n", 100));
        Assert.Equal("complete", Parse("GET / HTTP/1.1\r\n" + lines + "\r\n"));
        Assert.Equal("431", Parse("GET / HTTP/1.1\r\n" + lines + "a: b\r\n\r\n"));
    }

    [Fact]
    public void H2_a_byte_that_was_read_is_not_looked_at_again()
    {
        // What was presented is overwritten behind the reader's back. Only the version is compared as a whole.
        byte[] bytes = Encoding.ASCII.GetBytes(Good);
        HttpHead head = default;
        for (int i = 1; i <= bytes.Length; i++)
        {
            HeadStatus status = head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default);
            Assert.Equal(i < bytes.Length ? HeadStatus.NeedMore : HeadStatus.Complete, status);
            bytes.AsSpan(0, Math.Max(0, i - "HTTP/1.1\r\n".Length)).Clear();
        }
        Assert.Equal(bytes.Length, head.Length);
    }

    [Fact]
    public void A_head_means_the_same_at_every_cut()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Good + "frames");
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            HttpHead head = default;
            HeadStatus first = head.Parse(bytes.AsSpan(0, cut), HttpHeadLimits.Default);
            Assert.Equal(cut < Good.Length ? HeadStatus.NeedMore : HeadStatus.Complete, first);
            Assert.Equal(HeadStatus.Complete, head.Parse(bytes, HttpHeadLimits.Default));
            Assert.Equal(Good.Length, head.Length);
            Assert.Equal("GET /a?b", Encoding.ASCII.GetString(head.Method(bytes)) + " " + Encoding.ASCII.GetString(head.Target(bytes)));
            List<string> lines = [];
            foreach (HeaderLine line in head.Headers(bytes))
            {
                lines.Add(Encoding.ASCII.GetString(line.Name) + "=" + Encoding.ASCII.GetString(line.Value));
            }
            Assert.Equal(["Host=h", "X=y", "Empty=", "Tab=v"], lines);
        }
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
    public void H4_a_request_line_is_exact(string text, string expected, string sentence)
    {
        Assert.Equal((sentence, expected), (sentence, Parse(text)));
    }

    [Fact]
    public void H4_a_long_target_is_414_before_it_ends()
    {
        HttpHeadLimits limits = new() { TargetBytesMax = 100 };
        string target = "/" + new string('a', 99);
        Assert.Equal("complete", Parse($"GET {target} HTTP/1.1\r\n\r\n", limits));
        Assert.Equal("414", Parse($"GET {target}a HTTP/1.1\r\n\r\n", limits));
        Assert.Equal("414", Parse($"GET {target}a", limits));
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
    public void H5_lines_are_strict(string text, string sentence)
    {
        Assert.Equal((sentence, "400"), (sentence, Parse(text)));
    }

    [Fact]
    public void A_value_may_hold_bytes_above_ASCII() => Assert.Equal("complete", Parse("GET / HTTP/1.1\r\nX: \u00e9\u0080\u00ff\r\n\r\n"));

    [Fact]
    public void H51_noise_throws_nothing()
    {
        byte[] likely = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n::a ");
        for (ulong seed = 1; seed <= 20_000; seed++)
        {
            Dice dice = new(seed);
            byte[] bytes = Encoding.ASCII.GetBytes(Good);
            for (int changes = dice.Below(4); changes >= 0; changes--)
            {
                bytes[dice.Below(bytes.Length)] = likely[dice.Below(likely.Length)];
            }
            HttpHead head = default;
            HeadStatus bytewise = HeadStatus.NeedMore;
            for (int i = 1; i <= bytes.Length; i++)
            {
                bytewise = head.Parse(bytes.AsSpan(0, i), HttpHeadLimits.Default);
            }
            HttpHead whole = default;
            Assert.Equal(bytewise, whole.Parse(bytes, HttpHeadLimits.Default));
            Assert.Equal(head.RefusalStatus, whole.RefusalStatus);
            Assert.True(bytewise != HeadStatus.Complete || head.Length == whole.Length);
        }
    }

    // The verdict, which must be the same whole, byte by byte and for every cut.
    private static string Parse(string text, HttpHeadLimits? limits = null)
    {
        limits ??= HttpHeadLimits.Default;
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        HttpHead whole = default;
        string verdict = Say(whole.Parse(bytes, limits), whole);
        HttpHead bytewise = default;
        for (int i = 1; i <= bytes.Length; i++)
        {
            bytewise.Parse(bytes.AsSpan(0, i), limits);
        }
        Assert.Equal(verdict, Say(bytewise.Parse(bytes, limits), bytewise));
        return verdict;
    }

    private static string Say(HeadStatus status, in HttpHead head) => status switch
    {
        HeadStatus.Refused => $"{head.RefusalStatus}",
        HeadStatus.Complete => "complete",
        _ => "more",
    };
}
