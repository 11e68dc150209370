using System.Text;
using Sluice.Channels.Wire;

namespace Sluice.Fuzz;

/// <summary>The commands of channel clients in Protobuf. An input is one WebSocket message: commands behind their lengths, or anything else.</summary>
internal sealed class ProtobufCommandsTarget() : Target("protobuf-commands")
{
    private static readonly byte[][] s_texts = [[], [.. "c"u8], [.. "news:é"u8], [0xFF], [0xED, 0xA0, 0x80], [.. "{\"a\":[1,2]}"u8], [.. "fossil"u8]];

    private static readonly ulong[] s_numbers = [0, 1, 2, 127, 128, int.MaxValue, uint.MaxValue, 1UL << 32, long.MaxValue, ulong.MaxValue];

    private readonly ProtobufCommands _reader = new();

    /// <inheritdoc/>
    public override int InputBytesMax => 512;

    /// <inheritdoc/>
    public override int CiExecutions => 40_000;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds =>
    [
        [0],
        [4, 0x08, 1, 0x22, 0],
        [9, 0x08, 2, 0x2A, 5, 0x0A, 1, (byte)'c', 0x18, 1],
        [11, 0x08, 3, 0x3A, 7, 0x0A, 1, (byte)'c', 0x12, 2, (byte)'{', (byte)'}'],
        [12, 0x52, 8, 0x42, 2, 0x08, 5, 0x38, 10, 0x48, 1, 0x08, 4, 4, 0x08, 5, 0x5A, 0],
    ];

    /// <inheritdoc/>
    public override byte[][] Tokens { get; } =
    [
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02], [0x80, 0x00], [0x0B], [0x0C], [0xED, 0xA0, 0x80], [0x2A, 0x00], [0x6A, 0x00],
    ];

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> rest = _reader.CommandsOf(input);
        bool isLast = input.IsEmpty;
        while (!isLast)
        {
            int before = rest.Length;
            if (!_reader.TryTake(ref rest, out ReadOnlySpan<byte> command, out isLast))
            {
                return;
            }
            Oracle.Holds(rest.Length < before && isLast == rest.IsEmpty, "A command taken is gone, and the last one leaves nothing.");
            Oracle.Holds(before - rest.Length - command.Length is >= 1 and <= 10, "Only its length is around a command.");
            Judge(command);
        }
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        input.Clear();
        for (int count = 1 + dice.Below(3); count > 0; count--)
        {
            List<byte> command = [];
            for (int fields = dice.Below(4); fields > 0; fields--)
            {
                AddField(command, dice.Below(17), dice, depth: 0);
            }
            AddVarint(input, (ulong)command.Count);
            input.AddRange(command);
        }
        return true;
    }

    private void Judge(ReadOnlySpan<byte> command)
    {
        ClientCommand told = _reader.Read(command);
        CommandModel? model = ProtobufCommandModel.Read(command.ToArray());
        Oracle.Same(model is not null, told.IsWellFormed, "A command is well-formed if it is one to a reader of plain fields.");
        if (model is null)
        {
            return;
        }
        Oracle.Same(model, CommandModel.Of(told, Encoding.Latin1), "The fields are the message's.");
    }

    // Fields that there are and some that are not, mostly of the type that belongs to them.
    private static void AddField(List<byte> message, int number, Dice dice, int depth)
    {
        int type = depth == 0 && number > 1 ? 2 : dice.Of<int>([0, 0, 0, 2, 2, 2, 1, 5]);
        AddVarint(message, (ulong)((number << 3) | type));
        if (type == 0)
        {
            AddVarint(message, dice.Of<ulong>(s_numbers));
            return;
        }
        if (type != 2)
        {
            message.AddRange(new byte[type == 1 ? 8 : 4]);
            return;
        }
        List<byte> inner = [];
        if (depth < 2 && dice.Below(depth + 2) == 0)
        {
            for (int fields = dice.Below(5); fields > 0; fields--)
            {
                AddField(inner, 1 + dice.Below(19), dice, depth + 1);
            }
        }
        else
        {
            inner.AddRange(dice.Of<byte[]>(s_texts));
        }
        AddVarint(message, (ulong)inner.Count);
        message.AddRange(inner);
    }

    private static void AddVarint(List<byte> bytes, ulong value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }
        bytes.Add((byte)value);
    }
}
