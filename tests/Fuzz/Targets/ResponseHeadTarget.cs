using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>The head of a response, and the client's judgement of it. An input is a byte that chooses limits and offer, a byte that
/// decides where it is cut, and the bytes of a connection.</summary>
internal sealed class ResponseHeadTarget() : Target("response-head")
{
    private const int SettingBytes = 2;

    private static readonly HttpHeadLimits s_narrow = new() { HeadBytesMax = 300, HeadersMax = 8 };
    private static readonly byte[] s_nonce = new byte[ClientHandshake.NonceBytes];
    private static readonly string[] s_protocols = ["chat", "superchat"];
    private static readonly DeflateOffer?[] s_offers =
    [
        null, new(), new() { ReceiveFresh = true, ReceiveWindowBitsMax = 10 }, new() { ReceiveWindowBitsMax = 8 },
    ];

    /// <inheritdoc/>
    public override int CiExecutions => 40_000;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => HeadSeeds.Responses.Select(static (head, i) => (byte[])[(byte)(0x08 | (i << 1)), 0, .. head]);

    /// <inheritdoc/>
    public override byte[][] Tokens => HeadSeeds.Tokens;

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        ReadOnlySpan<byte> bytes = input[SettingBytes..];
        bool narrow = (input[0] & 1) != 0;
        HttpHeadLimits limits = narrow ? s_narrow : HttpHeadLimits.Default;
        HttpResponseHead head = default;
        HeadStatus status = head.Parse(bytes, limits);
        CheckCuts(bytes, limits, head, status, new Dice(input[1]));
        HeadModel? model = HeadModel.Response(bytes);
        Oracle.Holds(status != HeadStatus.Complete || model is not null, "A complete head is one by the grammar.");
        Oracle.Holds(model is null || narrow || model.Headers.Count > limits.HeadersMax || status == HeadStatus.Complete,
            "A head by the grammar is complete.");
        if (status == HeadStatus.Complete)
        {
            Oracle.Same(model!.Length, head.Length, "A head ends with its empty line.");
            Oracle.Same(model.Status, head.Status, "The status is that of the first line.");
            Weigh(head, bytes, model, input[0]);
        }
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

    private static void CheckCuts(ReadOnlySpan<byte> bytes, HttpHeadLimits limits, HttpResponseHead whole, HeadStatus expected, Dice dice)
    {
        HttpResponseHead cut = default;
        HeadStatus status = HeadStatus.NeedMore;
        int lengthMax = 1 + dice.Below(64);
        for (int end = 0; status == HeadStatus.NeedMore && end < bytes.Length;)
        {
            end = Math.Min(end + 1 + dice.Below(lengthMax), bytes.Length);
            status = cut.Parse(bytes[..end], limits);
        }
        Oracle.Holds(status == expected || bytes.IsEmpty, "Whether a head is complete does not depend on where it is cut.");
        Oracle.Holds(status != HeadStatus.Complete || whole.Length == cut.Length, "Where a head ends does not depend on where it is cut.");
    }

    private static void Weigh(HttpResponseHead head, ReadOnlySpan<byte> bytes, HeadModel model, byte settings)
    {
        DeflateOffer? deflate = s_offers[(settings >> 1) & 3];
        HandshakeOffer offer = new() { Subprotocols = (settings & 8) != 0 ? s_protocols : [], Deflate = deflate };
        HandshakeVerdict verdict = ClientHandshake.Judge(head, bytes, s_nonce, offer, out HandshakeAgreement agreement);
        string[] protocols = model.Elements("Sec-WebSocket-Protocol");
        bool extensions = model.Values("Sec-WebSocket-Extensions").All(ExtensionModel.IsWellFormed);
        ExtensionModel? answer = null;
        extensions = extensions && ExtensionModel.IsAnswerTo(deflate, model.Elements("Sec-WebSocket-Extensions"), out answer);
        bool acceptable = model.Status == 101
            && model.Elements("Upgrade").Contains("websocket", StringComparer.OrdinalIgnoreCase)
            && model.Elements("Connection").Contains("upgrade", StringComparer.OrdinalIgnoreCase)
            && model.Values("Sec-WebSocket-Accept") is ["ICX+Yqv66kxgM0FcWaLWlFLwTAI="]
            && extensions
            && (protocols.Length == 0 || (protocols.Length == 1 && offer.Subprotocols.Contains(protocols[0])));
        Oracle.Same(acceptable, verdict.Accepted, "A response is accepted exactly if it answers the request.");
        if (acceptable)
        {
            Oracle.Same(protocols.FirstOrDefault(""), agreement.Subprotocol ?? "", "The subprotocol is the one that was answered.");
            DeflateAgreement expected = answer is null ? default
                : new(ExtensionModel.Window(answer.ClientBits), ExtensionModel.Window(answer.ServerBits), answer.ClientFresh, answer.ServerFresh);
            Oracle.Same(expected, agreement.Deflate, "The agreement on compression is the one that was answered.");
        }
        else
        {
            Oracle.Holds(verdict.Status != 101 && verdict.Reason.Length > 0 && agreement == default, "What is refused agrees on nothing.");
        }
    }
}
