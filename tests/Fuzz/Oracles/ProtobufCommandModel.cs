using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sluice.Channels.Wire;

namespace Sluice.Fuzz;

/// <summary>A Protobuf command read the slow way: first into a list of fields whose numbers mean nothing, then by the schema as a table.</summary>
internal static class ProtobufCommandModel
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    // The fields that are looked at: message, number, name.
    private static readonly Dictionary<(string Message, int Number), string> s_schema = Table(
        "connect 1 token,connect 2 data,connect 7 flag,unsubscribe 1 channel,presence 1 channel,presencestats 1 channel",
        "subscribe 1 channel,subscribe 2 token,subscribe 3 recover,subscribe 6 epoch,subscribe 7 offset,subscribe 8 data,subscribe 12 delta",
        "subscribe 13 tf,subscribe 14 flag,subscribe 15 type,subscribe 18 limit,publish 1 channel,publish 2 data,publish 3 type",
        "history 1 channel,history 7 limit,history 8 since,history 9 reverse,since 1 offset,since 2 epoch,send 1 data,rpc 1 data",
        "refresh 1 token,subrefresh 1 channel,subrefresh 2 token,subrefresh 3 type");

    /// <summary>Reads a command; null if it is malformed.</summary>
    public static CommandModel? Read(byte[] message)
    {
        if (FieldsOf(message) is not { } fields)
        {
            return null;
        }
        CommandModel model = new();
        foreach (ProtobufField field in fields)
        {
            if (field.Number == 1)
            {
                if (field.Bytes is not null || field.Type != 0)
                {
                    return null;
                }
                model.Id = (uint)field.Value;
            }
            else if (field.Number is >= 4 and <= 15)
            {
                CommandMethod method = (CommandMethod)(field.Number - 3);
                if (model.Method != CommandMethod.None || field.Bytes is null || !Take(model, method.ToString().ToLowerInvariant(), field.Bytes))
                {
                    return null;
                }
                model.Method = method;
            }
        }
        return model;
    }

    private static Dictionary<(string, int), string> Table(params string[] rows) => string.Join(',', rows).Split(',')
        .Select(static field => field.Split(' '))
        .ToDictionary(static words => (words[0], int.Parse(words[1], CultureInfo.InvariantCulture)), static words => words[2]);

    private static bool Take(CommandModel model, string message, byte[] bytes)
    {
        try
        {
            return FieldsOf(bytes) is { } fields && fields.TrueForAll(field =>
                !s_schema.TryGetValue((message, field.Number), out string? name) || TakeField(model, name, field));
        }
        catch (DecoderFallbackException)
        {
            return false; // text that is none
        }
    }

    private static bool TakeField(CommandModel model, string name, ProtobufField field)
    {
        bool isNumber = field.Type == 0;
        bool isBytes = field.Bytes is not null;
        string Text() => s_strict.GetString(field.Bytes!);
        return name switch
        {
            "channel" => isBytes && (model.Channel = Text()) is not null,
            "token" => isBytes && (model.Token = Text()) is not null,
            "delta" => isBytes && (model.Delta = Text()) is not null,
            "epoch" => isBytes && (model.Epoch = Text()) is not null,
            "data" => isBytes && (model.Data = Encoding.Latin1.GetString(field.Bytes!)) is not null,
            "tf" => isBytes && (model.HasFilter = true),
            "since" => isBytes && (model.HasSince = true) && Take(model, "since", field.Bytes!),
            "offset" => isNumber && (model.Offset = field.Value) == field.Value,
            "flag" => isNumber && (model.Flag = (long)field.Value) == (long)field.Value,
            "limit" => isNumber && (model.Limit = (int)field.Value) == (int)field.Value,
            "type" => isNumber && (model.Type = (int)field.Value) == (int)field.Value,
            "recover" => isNumber && (model.Recover = field.Value != 0) | true,
            _ => isNumber && (model.Reverse = field.Value != 0) | true,
        };
    }

    private static List<ProtobufField>? FieldsOf(byte[] message)
    {
        List<ProtobufField> fields = [];
        int at = 0;
        while (at < message.Length)
        {
            if (Varint(message, ref at) is not { } tag || tag >> 3 is 0 or > (1 << 29) - 1)
            {
                return null;
            }
            int type = (int)(tag & 7);
            ulong? value = type switch
            {
                0 or 2 => Varint(message, ref at),
                1 when message.Length - at >= 8 => BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(at)),
                5 when message.Length - at >= 4 => BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(at)),
                _ => null,
            };
            if (value is null || (type == 2 && value > (ulong)(message.Length - at)))
            {
                return null;
            }
            byte[]? bytes = type == 2 ? message[at..(at + (int)value)] : null;
            at += type switch { 1 => 8, 2 => (int)value, 5 => 4, _ => 0 };
            fields.Add(new ProtobufField((int)(tag >> 3), type, value.Value, bytes));
        }
        return fields;
    }

    private static ulong? Varint(byte[] message, ref int at)
    {
        UInt128 value = 0;
        for (int count = 0; at < message.Length && count < 10; count++)
        {
            byte part = message[at++];
            value += (UInt128)(part % 128u) << (7 * count);
            if (part < 128)
            {
                return value <= ulong.MaxValue ? (ulong)value : null;
            }
        }
        return null;
    }

    private sealed record ProtobufField(int Number, int Type, ulong Value, byte[]? Bytes);
}
