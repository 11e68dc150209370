using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

public class RequestLineTests
{
    [Theory]
    [InlineData("GET /echo HTTP/1.1\r\n", "/echo", "well-formed")]
    [InlineData("GET /echo?token=x HTTP/1.1\r\n", "/echo", "a query")]
    [InlineData("GET /echo# HTTP/1.1\r\n", "/echo", "a fragment")]
    [InlineData("GET /echo\r\n", "/echo", "HTTP/0.9")]
    [InlineData("GET /echo\n", "/echo", "a bare LF")]
    [InlineData("GET /echo HTTP/1.0", "/echo", "a version that we refuse")]
    [InlineData("POST /echo ", "/echo", "a method that we refuse")]
    [InlineData("G\0(T /echo ", "/echo", "a method that is none")]
    [InlineData("GET   /echo ", "/echo", "three spaces")]
    [InlineData("GET\t/echo\t", "/echo", "tabs")]
    [InlineData("\r\n\r\nGET /echo ", "/echo", "empty lines first")]
    [InlineData("GET http://example.com/echo HTTP/1.1", "/echo", "the absolute form")]
    [InlineData("GET https://[::1]:80/echo?x HTTP/1.1", "/echo", "the absolute form with an address")]
    [InlineData("GET / HTTP/1.1", "/", "the root")]
    public void A_path_is_found_at_every_cut(string text, string path, string sentence)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        bool decided = false;
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            RequestLineStatus status = RequestLine.TryReadPath(bytes.AsSpan(0, cut), out ReadOnlySpan<byte> found);
            string text2 = Encoding.Latin1.GetString(found);
            Assert.NotEqual((sentence, RequestLineStatus.Foreign), (sentence, status));
            Assert.StartsWith(text2, path, StringComparison.Ordinal);
            decided |= status == RequestLineStatus.Path;
            Assert.Equal((sentence, cut, decided), (sentence, cut, text2 == path && status == RequestLineStatus.Path));
        }
        Assert.True(decided, sentence);
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\u0000", "TLS")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2")]
    [InlineData("OPTIONS * HTTP/1.1\r\n", "a request for the server itself")]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\n", "a tunnel")]
    [InlineData("GET http:/x ", "half an absolute form")]
    [InlineData("GET http://example.com HTTP/1.1", "an absolute form without a path")]
    [InlineData("GET ://x ", "no scheme")]
    [InlineData("SSH-2.0-OpenSSH\r\n", "another protocol")]
    [InlineData("GET\r\n", "a line that ends")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM /echo ", "a method of 65 bytes")]
    [InlineData("GET \u00e9 ", "no path")]
    public void Anything_else_is_foreign_and_stays_so(string text, string sentence)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        bool foreign = false;
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            RequestLineStatus status = RequestLine.TryReadPath(bytes.AsSpan(0, cut), out _);
            Assert.NotEqual((sentence, RequestLineStatus.Path), (sentence, status));
            Assert.True(!foreign || status == RequestLineStatus.Foreign, sentence);
            foreign |= status == RequestLineStatus.Foreign;
        }
        Assert.True(foreign, sentence);
    }

    [Theory]
    [InlineData("\r\n", "empty lines without end")]
    [InlineData("a", "a method without end")]
    [InlineData("GET ", "words without end")]
    [InlineData(" ", "spaces without end")]
    [InlineData("GET /", "a path without end")]
    [InlineData("GET http://", "an authority without end")]
    public void It_is_decided_within_a_bounded_number_of_bytes(string repeated, string sentence)
    {
        string begin = repeated is "GET /" or "GET http://" ? repeated : "";
        string more = begin.Length == 0 ? repeated : "a";
        string text = begin + string.Concat(Enumerable.Repeat(more, RequestLine.BytesMax + 1));
        RequestLineStatus status = RequestLine.TryReadPath(Encoding.ASCII.GetBytes(text[..(RequestLine.BytesMax + 1)]), out _);
        Assert.Equal((sentence, RequestLineStatus.Foreign), (sentence, status));
    }

    [Fact]
    public void Noise_throws_nothing()
    {
        byte[] likely = Encoding.ASCII.GetBytes("GE /htp:?#\r\n\t*");
        for (ulong seed = 1; seed <= 50_000; seed++)
        {
            Dice dice = new(seed);
            byte[] bytes = [.. Enumerable.Range(0, dice.Below(20)).Select(_ => likely[dice.Below(likely.Length)])];
            RequestLineStatus whole = RequestLine.TryReadPath(bytes, out ReadOnlySpan<byte> path);
            for (int cut = 0; cut < bytes.Length; cut++)
            {
                RequestLineStatus part = RequestLine.TryReadPath(bytes.AsSpan(0, cut), out ReadOnlySpan<byte> begin);
                Assert.True(part == RequestLineStatus.NeedMore || part == whole);
                Assert.True(whole == RequestLineStatus.Foreign || path.StartsWith(begin));
            }
        }
    }
}
