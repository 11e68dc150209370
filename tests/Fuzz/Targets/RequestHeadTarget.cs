using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>The head of a request, and the server's judgement of it. An input is a byte that chooses limits and terms, a byte that
/// decides where it is cut, and the bytes of a connection.</summary>
internal class RequestHeadTarget(string name = "request-head") : Target(name)
{
    private const int SettingBytes = 2;

    private static readonly HttpHeadLimits s_narrow = new() { HeadBytesMax = 300, HeadersMax = 8, TargetBytesMax = 40 };
    private static readonly string[] s_spoken = ["chat", "superchat"];

    private static readonly (HandshakePolicy Policy, Func<string, string, bool> Model)[] s_policies =
    [
        (HandshakePolicy.SameOrigin, static (origin, host) => HandshakeModel.IsSameOrigin(origin, host, secure: false)),
        (HandshakePolicy.AnyOrigin, static (_, _) => true),
        (HandshakePolicy.Only("https://example.com", "http://localhost:8080", "null"),
            static (origin, _) => origin == "null" || HandshakeModel.IsOrigin(origin, "https://example.com")
                || HandshakeModel.IsOrigin(origin, "http://localhost:8080")),
        (new() { Secure = true }, static (origin, host) => HandshakeModel.IsSameOrigin(origin, host, secure: true)),
    ];

    private static readonly DeflateOptions?[] s_deflates =
        [null, new(), new() { SendWindowBitsMax = 9 }, new() { SendWindowBitsMax = 12, ReceiveWindowBitsMax = 10 }];

    private static readonly string[] s_needed = ["Host", "Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key"];

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => HeadSeeds.Requests.Select(static head => (byte[])[0, 0, .. head]);

    /// <inheritdoc/>
    public override byte[][] Tokens => HeadSeeds.Tokens;

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        Judge(input[SettingBytes..], input[0], new Dice(input[1]));
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        if (input.Count < SettingBytes)
        {
            return false;
        }
        new HeadShaper(dice).Reshape(input, SettingBytes);
        return true;
    }

    /// <summary>Judges what a connection begins with.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="settings">Limits and terms.</param>
    /// <param name="dice">Where it is cut.</param>
    protected static void Judge(ReadOnlySpan<byte> bytes, byte settings, Dice dice)
    {
        bool narrow = (settings & 1) != 0;
        HttpHeadLimits limits = narrow ? s_narrow : HttpHeadLimits.Default;
        HttpHead head = default;
        HeadStatus status = head.Parse(bytes, limits);
        CheckCuts(bytes, limits, head, status, dice);
        CheckRequestLine(bytes, dice);
        CheckPatience(bytes, limits, status);
        HeadModel? model = HeadModel.Request(bytes);
        Oracle.Holds(status != HeadStatus.Complete || model is not null, "A complete head is one by the grammar.");
        bool within = !narrow && (model is null || model.Headers.Count <= limits.HeadersMax);
        Oracle.Holds(!within || model is null || status == HeadStatus.Complete, "A head by the grammar is complete.");
        if (status == HeadStatus.Complete)
        {
            Oracle.Same(model!.Length, head.Length, "A head ends with its empty line.");
            bool bounded = head.Length <= limits.HeadBytesMax && model.Target.Length <= limits.TargetBytesMax && model.Headers.Count <= limits.HeadersMax;
            Oracle.Holds(bounded, "A complete head is within the limits.");
            Oracle.Holds(Names(head.Headers(bytes)).SequenceEqual(model.Headers), "The lines are those of the grammar.");
            Weigh(head, bytes, model, settings);
        }
        else if (status == HeadStatus.Refused)
        {
            CheckRefusal(head.RefusalStatus, Handshake.MalformedHead);
        }
    }

    private static void CheckCuts(ReadOnlySpan<byte> bytes, HttpHeadLimits limits, HttpHead whole, HeadStatus expected, Dice dice)
    {
        HttpHead cut = default;
        HeadStatus status = HeadStatus.NeedMore;
        int lengthMax = 1 + dice.Below(64);
        for (int end = 0; status == HeadStatus.NeedMore && end < bytes.Length;)
        {
            end = Math.Min(end + 1 + dice.Below(lengthMax), bytes.Length);
            status = cut.Parse(bytes[..end], limits);
        }
        Oracle.Holds(status == expected || bytes.IsEmpty, "Whether a head is complete does not depend on where it is cut.");
        Oracle.Same(whole.RefusalStatus, cut.RefusalStatus, "Why a head is refused does not depend on where it is cut.");
        Oracle.Holds(status != HeadStatus.Complete || whole.Length == cut.Length, "Where a head ends does not depend on where it is cut.");
    }

    // What is too long is refused before it has ended.
    private static void CheckPatience(ReadOnlySpan<byte> bytes, HttpHeadLimits limits, HeadStatus status)
    {
        string[] words = Encoding.Latin1.GetString(bytes).Split(' ', 3);
        Oracle.Holds(status != HeadStatus.NeedMore || (bytes.Length < limits.HeadBytesMax && (words.Length < 2 || words[1].Length <= limits.TargetBytesMax)),
            "More is asked for only within the limits.");
    }

    // What was decided about the first bytes stays so, whatever follows.
    private static void CheckRequestLine(ReadOnlySpan<byte> bytes, Dice dice)
    {
        RequestLineStatus whole = RequestLine.TryReadPath(bytes, out ReadOnlySpan<byte> path);
        Oracle.Holds(whole != RequestLineStatus.NeedMore || bytes.Length < RequestLine.BytesMax,
            "Who serves a connection is decided within a bound.");
        RequestLineStatus some = RequestLine.TryReadPath(bytes[..dice.Below(bytes.Length + 1)], out ReadOnlySpan<byte> begin);
        bool same = some == RequestLineStatus.NeedMore
            ? whole == RequestLineStatus.Foreign || path.StartsWith(begin)
            : some == whole && path.SequenceEqual(begin);
        Oracle.Holds(same, "What the first bytes decided stays so.");
    }

    private static void Weigh(HttpHead head, ReadOnlySpan<byte> bytes, HeadModel model, byte settings)
    {
        (HandshakePolicy policy, Func<string, string, bool> allows) = s_policies[(settings >> 1) & 3];
        string[] spoken = (settings & 8) != 0 ? s_spoken : [];
        HandshakeTerms terms = new() { Policy = policy, Subprotocols = spoken, Deflate = s_deflates[(settings >> 4) & 3] };
        HandshakeVerdict verdict = Handshake.Judge(head, bytes, terms, out HandshakeRequest request, out HandshakeAgreement agreement);
        HashSet<int> refusals = HandshakeModel.Refusals(model, allows, spoken);
        Oracle.Holds(verdict.Accepted ? refusals.Count == 0 : refusals.Contains(verdict.Status),
            "A handshake is accepted or refused as the rules say.");
        Oracle.Same(verdict.Status, JudgeAgain(model, terms, without: null), "A head that is written again is judged the same.");
        if (!verdict.Accepted)
        {
            CheckRefusal(verdict.Status, verdict.Reason);
            return;
        }
        foreach (string name in s_needed)
        {
            Oracle.Holds(JudgeAgain(model, terms, without: name) != 101, "Without a header that it needs, a handshake is refused.");
        }
        string path = HandshakeModel.PathOf(model.Target, model.Values("Host")[0])!;
        string query = Encoding.Latin1.GetString(request.Query);
        string found = Encoding.Latin1.GetString(request.Path) + (query == "" && !path.EndsWith('?') ? "" : "?" + query);
        Oracle.Same(path, found, "Path and query are those of the target.");
        RequestLineStatus line = RequestLine.TryReadPath(bytes, out ReadOnlySpan<byte> peeked);
        Oracle.Holds(line == RequestLineStatus.Foreign || peeked.SequenceEqual(request.Path),
            "The path that decided who serves is the path that is served.");
        CheckAccept(request, agreement, model, terms.Deflate);
    }

    private static int JudgeAgain(HeadModel model, HandshakeTerms terms, string? without)
    {
        ArrayBufferWriter<byte> output = new();
        HeadWriter writer = new(output);
        writer.Request(model.Method, model.Target);
        foreach ((string name, string value) in model.Headers.Where(line => !line.Name.Equals(without, StringComparison.OrdinalIgnoreCase)))
        {
            writer.Field(Encoding.Latin1.GetBytes(name), value);
        }
        writer.End();
        HttpHead head = default;
        Oracle.Holds(head.Parse(output.WrittenSpan, HttpHeadLimits.Default) == HeadStatus.Complete, "A head that is written again is well-formed.");
        return Handshake.Judge(head, output.WrittenSpan, terms, out _, out _).Status;
    }

    private static void CheckAccept(HandshakeRequest request, HandshakeAgreement agreement, HeadModel model, DeflateOptions? deflate)
    {
        ArrayBufferWriter<byte> output = new();
        Handshake.WriteAccept(output, request, agreement);
        HeadModel? answer = HeadModel.Response(output.WrittenSpan);
        Oracle.Holds(answer is { Status: 101 } && answer.Length == output.WrittenCount, "An acceptance is a whole head and nothing else.");
#pragma warning disable CA5350 // As the protocol says.
        byte[] hash = SHA1.HashData(Encoding.Latin1.GetBytes(model.Values("Sec-WebSocket-Key")[0] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
#pragma warning restore CA5350
        Oracle.Same(Convert.ToBase64String(hash), string.Join(",", answer!.Values("Sec-WebSocket-Accept")), "The key is answered.");
        Oracle.Same(agreement.Subprotocol ?? "", string.Join(",", answer.Values("Sec-WebSocket-Protocol")), "The subprotocol is answered.");
        Oracle.Holds(agreement.Subprotocol is null || model.Elements("Sec-WebSocket-Protocol").Contains(agreement.Subprotocol),
            "A subprotocol was offered.");
        ExtensionModel.CheckAgreement(model.Elements("Sec-WebSocket-Extensions"), deflate, agreement.Deflate, answer.Values("Sec-WebSocket-Extensions"));
    }

    private static void CheckRefusal(int status, string reason)
    {
        Oracle.Holds(status is 400 or 403 or 405 or 414 or 426 or 431 or 505, "A refusal has a status of its kind.");
        ArrayBufferWriter<byte> output = new();
        Handshake.WriteRefusal(output, status, reason);
        HeadModel? answer = HeadModel.Response(output.WrittenSpan);
        Oracle.Holds(answer is not null && answer.Status == status, "A refusal is a well-formed head.");
        Oracle.Same(string.Join(",", answer!.Values("Content-Length")), (output.WrittenCount - answer.Length).ToString(CultureInfo.InvariantCulture),
            "A refusal's body is as long as it says.");
    }

    private static List<(string Name, string Value)> Names(HeaderLines lines)
    {
        List<(string Name, string Value)> names = [];
        foreach (HeaderLine line in lines)
        {
            names.Add((Encoding.Latin1.GetString(line.Name), Encoding.Latin1.GetString(line.Value)));
        }
        return names;
    }
}
