using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Hardening;

/// <summary>A request for an upgrade at every cut, and what becomes of it.</summary>
internal static class Request
{
    public const string Host = "Host: example.com\r\n";
    public const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    public const string Version13 = "Sec-WebSocket-Version: 13\r\n";
    public const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    public const string Good = Host + Upgrade + Version13 + Key;
    public const string Line = "GET /chat HTTP/1.1";

    /// <summary>The status of the answer.</summary>
    public static int Status(string headers, string line = Line, HandshakePolicy? policy = null) =>
        int.Parse(Answer(headers, line, policy)["HTTP/1.1 ".Length..][..3]);

    /// <summary>The whole answer.</summary>
    public static string Answer(string headers, string line = Line, HandshakePolicy? policy = null, string[]? subprotocols = null) =>
        AnswerTo($"{line}\r\n{headers}\r\n", policy, subprotocols, null).Answer;

    /// <summary>The whole answer, and what it agrees about compression.</summary>
    public static string Answer(string headers, DeflateOptions? deflate, out DeflateAgreement agreed)
    {
        (string answer, agreed) = AnswerTo($"{Line}\r\n{headers}\r\n", null, null, deflate);
        return answer;
    }

    /// <summary>What the head's own parser says: complete, more, or the status that refuses it.</summary>
    public static string Parse(string text, HttpHeadLimits? limits = null) =>
        EveryCut.Feed(Encoding.Latin1.GetBytes(text), pieces => Say(Read(pieces, limits, out HttpHead head, out _), head));

    private static (string Answer, DeflateAgreement Agreed) AnswerTo(
        string request, HandshakePolicy? policy, string[]? subprotocols, DeflateOptions? deflate) =>
        EveryCut.Feed(Encoding.Latin1.GetBytes(request), pieces =>
        {
            ArrayBufferWriter<byte> output = new();
            HeadStatus status = Read(pieces, HttpHeadLimits.Default, out HttpHead head, out byte[] bytes);
            HandshakeAgreement agreement = default;
            if (status == HeadStatus.Refused)
            {
                Handshake.WriteRefusal(output, head.RefusalStatus, Handshake.MalformedHead, isHead: head.IsHead(bytes));
            }
            else
            {
                Assert.Equal(HeadStatus.Complete, status);
                HandshakeTerms terms = new() { Policy = policy ?? HandshakePolicy.SameOrigin, Subprotocols = subprotocols, Deflate = deflate };
                HandshakeVerdict verdict = Handshake.Judge(head, bytes, terms, out HandshakeRequest accepted, out agreement);
                Assert.Equal(verdict.Accepted, !accepted.Key.IsEmpty);
                Write(output, verdict, head.IsHead(bytes), accepted, agreement);
            }
            return (Encoding.UTF8.GetString(output.WrittenSpan), agreement.Deflate);
        });

    private static void Write(
        ArrayBufferWriter<byte> output, HandshakeVerdict verdict, bool isHead, in HandshakeRequest request, in HandshakeAgreement agreement)
    {
        if (verdict.Accepted)
        {
            Handshake.WriteAccept(output, request, agreement);
        }
        else
        {
            Handshake.WriteRefusal(output, verdict.Status, verdict.Reason, isHead: isHead);
        }
    }

    private static HeadStatus Read(IEnumerable<byte[]> pieces, HttpHeadLimits? limits, out HttpHead head, out byte[] bytes)
    {
        List<byte> seen = [];
        HeadStatus status = HeadStatus.NeedMore;
        head = default;
        foreach (byte[] piece in pieces)
        {
            seen.AddRange(piece);
            status = head.Parse(CollectionsMarshal.AsSpan(seen), limits ?? HttpHeadLimits.Default);
        }
        bytes = [.. seen];
        return status;
    }

    private static string Say(HeadStatus status, in HttpHead head) => status switch
    {
        HeadStatus.Refused => $"{head.RefusalStatus}",
        HeadStatus.Complete => "complete",
        _ => "more",
    };
}
