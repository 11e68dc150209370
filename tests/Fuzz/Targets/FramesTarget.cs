using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>Frames as one end reads them. An input is a byte that chooses limits and agreement, a byte that decides where it is
/// cut, and the stream.</summary>
internal sealed class FramesTarget<TRole>(string name) : Target(name) where TRole : struct, IRole
{
    private const int SettingBytes = 2;

    private static readonly WebSocketLimits s_wide = new() { MessageBytesMax = 8 << 20 };
    private static readonly WebSocketLimits s_narrow = new() { MessageBytesMax = 100, FragmentsMax = 5, EmptyFragmentsMax = 2 };

    private static readonly DeflateAgreement[] s_agreements =
    [
        default,
        new(sendWindowBits: 15, receiveWindowBits: 15, sendFresh: true, receiveFresh: true),
        new(sendWindowBits: 15, receiveWindowBits: 15, sendFresh: false, receiveFresh: TRole.MasksOutput is false),
        new(sendWindowBits: 9, receiveWindowBits: 9, sendFresh: false, receiveFresh: true),
    ];

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => FrameSeeds.For(masked: !TRole.MasksOutput).Select(static stream => (byte[])[0, 0, .. stream]);

    /// <inheritdoc/>
    public override byte[][] Tokens => FrameSeeds.Tokens;

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        bool wide = (input[0] & 1) == 0;
        int closeAfter = (input[0] >> 1) & 3;
        DeflateAgreement deflate = s_agreements[(input[0] >> 3) & 3];
        WebSocketLimits limits = wide ? s_wide : s_narrow;
        byte[] stream = input[SettingBytes..].ToArray();

        FrameReading<TRole> whole = new(limits, deflate, closeAfter);
        whole.Receive(stream);
        whole.CheckReplies();
        ReadInPieces(new(limits, deflate, closeAfter), stream, new Dice(input[1]), whole.Log);
        FrameReading<TRole> oneByOne = new(limits, deflate, closeAfter);
        oneByOne.Receive(stream, oneByOne: true);
        oneByOne.CheckReplies();
        Oracle.Same(whole.Log, oneByOne.Log, "What is found does not depend on where the enumeration is left.");
        CompareWithModel(stream, limits, deflate, whole.Transcript);
        if (wide && closeAfter == 0 && !(deflate.Agreed && KnownDifferences.ConfusesTheRuntime(stream)))
        {
            CompareWithSystem(stream, deflate, whole);
        }
    }

    private static void ReadInPieces(FrameReading<TRole> reading, ReadOnlySpan<byte> stream, Dice dice, string expected)
    {
        int lengthMax = 1 + dice.Below(16);
        while (!stream.IsEmpty)
        {
            int length = Math.Min(1 + dice.Below(lengthMax), stream.Length);
            reading.Receive(stream[..length]);
            stream = stream[length..];
        }
        reading.CheckReplies();
        Oracle.Same(expected, reading.Log, "What is found does not depend on where the stream is cut.");
    }

    private static void CompareWithModel(byte[] stream, WebSocketLimits limits, DeflateAgreement deflate, WebSocketTranscript ours)
    {
        WebSocketTranscript? model = FrameModel.Read(stream, server: !TRole.MasksOutput, limits, deflate);
        if (model is null)
        {
            return;
        }
        // Of a compressed message that is broken and too long, or no text, whatever comes to light first is told.
        bool sameCode = ours.Code == model.Code
            || (model is { End: StreamEnd.Refused, Code: 0 } && ours.Code is CloseCodes.InvalidPayload or CloseCodes.MessageTooBig);
        if (!ours.Messages.SequenceEqual(model.Messages) || ours.End != model.End || !sameCode)
        {
            throw new OracleException("A stream is taken for what the rules say.", $"Ours: {ours}; by the rules: {model}");
        }
    }

    private static void CompareWithSystem(byte[] stream, DeflateAgreement deflate, FrameReading<TRole> reading)
    {
        // Of a header that is not there whole the two judge different parts first, so each is shown what may follow if only
        // the other has refused.
        byte[] behind = new byte[FrameHeader.BytesMax];
        WebSocketTranscript ours = reading.Transcript;
        byte[] shown = ours.End == StreamEnd.Refused ? [.. stream, .. behind] : stream;
        WebSocketTranscript theirs = SystemWebSocket.Read(shown, server: !TRole.MasksOutput, deflate);
        if (ours.End == StreamEnd.Open && theirs.End == StreamEnd.Refused)
        {
            reading.Receive(behind);
        }
        if (!KnownDifferences.Explain(ours, theirs))
        {
            throw new OracleException("We and the runtime's WebSocket agree, or differ as is known.", $"Ours: {ours}; theirs: {theirs}");
        }
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        if (input.Count < SettingBytes)
        {
            return false;
        }
        FrameShaper shaper = new(dice, masked: !TRole.MasksOutput, compress: (input[0] & 0x18) != 0);
        byte[] stream = shaper.Reshape([.. input.Skip(SettingBytes)]);
        input.RemoveRange(SettingBytes, input.Count - SettingBytes);
        input.AddRange(stream);
        return true;
    }
}
