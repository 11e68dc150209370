using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>The native wire in Protobuf, by the schema as a table: what is said and told otherwise in JSON, field by field.</summary>
internal sealed class ProtobufWire : NativeWire
{
    // Name, number, kind. Kinds: n a number (N one that JSON always has), f a flag, t a text, v a value, a message by its name,
    // [message], {message} by key.
    private static readonly Dictionary<string, Field[]> s_messages = new()
    {
        ["Command"] = FieldsOf("id 1 n,connect 4 Connect,subscribe 5 Subscribe,unsubscribe 6 Channel,publish 7 Publish,presence 8 Channel,presence_stats 9 Channel,history 10 History"),
        ["Connect"] = [],
        ["Subscribe"] = FieldsOf("channel 1 t,recover 3 f,epoch 6 t,offset 7 n,flag 14 n"),
        ["Channel"] = FieldsOf("channel 1 t"),
        ["Publish"] = FieldsOf("channel 1 t,data 2 v"),
        ["History"] = FieldsOf("channel 1 t,limit 7 n,since 8 Since,reverse 9 f"),
        ["Since"] = FieldsOf("offset 1 n,epoch 2 t"),
        ["Reply"] = FieldsOf("id 1 n,error 2 Error,push 4 Push,connect 5 Connected,subscribe 6 Subscribed,unsubscribe 7 Empty,publish 8 Empty,presence 9 Present,presence_stats 10 Counts,history 11 Page"),
        ["Error"] = FieldsOf("code 1 n,message 2 t,temporary 3 f"),
        ["Push"] = FieldsOf("channel 2 t,pub 4 Publication,join 5 Event,leave 6 Event,unsubscribe 7 Ended"),
        ["Connected"] = FieldsOf("client 1 t,version 2 t,ping 7 n,pong 8 f"),
        ["Subscribed"] = FieldsOf("recoverable 3 f,epoch 6 t,publications 7 [Publication],recovered 8 f,offset 9 n,positioned 10 f,was_recovering 12 f"),
        ["Empty"] = [],
        ["Present"] = FieldsOf("presence 1 {Info}"),
        ["Counts"] = FieldsOf("num_clients 1 N,num_users 2 N"),
        ["Page"] = FieldsOf("publications 1 [Publication],epoch 2 t,offset 3 n"),
        ["Publication"] = FieldsOf("data 4 v,info 5 Info,offset 6 n"),
        ["Event"] = FieldsOf("info 1 Info"),
        ["Info"] = FieldsOf("user 1 t,client 2 t,conn_info 3 v"),
        ["Ended"] = FieldsOf("code 2 n,reason 3 t"),
    };

    public override Opcode Opcode => Opcode.Binary;

    public override string Query => "?cf_protocol=protobuf";

    public override ReadOnlySpan<byte> Pong => "\0"u8;

    public override void Add(string command, ArrayBufferWriter<byte> message)
    {
        using JsonDocument document = JsonDocument.Parse(command);
        WriteDelimited(Encode("Command", document.RootElement), message);
    }

    public override List<byte[]> Read(ReadOnlySpan<byte> message)
    {
        List<byte[]> replies = [];
        while (!message.IsEmpty)
        {
            ArrayBufferWriter<byte> json = new();
            using Utf8JsonWriter writer = new(json);
            Decode("Reply", TakeBytes(ref message), writer);
            writer.Flush();
            replies.Add(json.WrittenSpan.ToArray());
        }
        return replies;
    }

    private static Field[] FieldsOf(string table) => [.. table.Split(',').Select(static field => field.Split(' ')).Select(static f => new Field(f[0], int.Parse(f[1], CultureInfo.InvariantCulture), f[2]))];

    private static byte[] Encode(string message, JsonElement json)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (JsonProperty member in json.EnumerateObject())
        {
            Field field = s_messages[message].Single(field => field.Name == member.Name);
            bool isNumber = field.Kind is "n" or "f";
            WriteVarint((ulong)((field.Number << 3) | (isNumber ? 0 : 2)), bytes);
            switch (field.Kind)
            {
                case "n":
                    WriteVarint((ulong)member.Value.GetInt64(), bytes);
                    break;
                case "f":
                    WriteVarint(member.Value.GetBoolean() ? 1UL : 0, bytes);
                    break;
                case "t":
                    WriteDelimited(Encoding.UTF8.GetBytes(member.Value.GetString()!), bytes);
                    break;
                case "v":
                    WriteDelimited(Encoding.UTF8.GetBytes(member.Value.GetRawText()), bytes);
                    break;
                default:
                    WriteDelimited(Encode(field.Kind, member.Value), bytes);
                    break;
            }
        }
        return bytes.WrittenSpan.ToArray();
    }

    private static void Decode(string message, ReadOnlySpan<byte> bytes, Utf8JsonWriter json)
    {
        List<(int Number, ulong Value, byte[] Bytes)> told = [];
        while (!bytes.IsEmpty)
        {
            ulong tag = TakeVarint(ref bytes);
            Violation.Unless((tag & 7) is 0 or 2, "a field of a type that the schema does not have");
            told.Add((tag & 7) == 0 ? ((int)(tag >> 3), TakeVarint(ref bytes), []) : ((int)(tag >> 3), 0, TakeBytes(ref bytes).ToArray()));
        }
        Violation.Unless(told.TrueForAll(field => s_messages[message].Any(known => known.Number == field.Number)), "a field that the schema does not have");
        json.WriteStartObject();
        foreach (Field field in s_messages[message])
        {
            List<(int Number, ulong Value, byte[] Bytes)> values = told.FindAll(value => value.Number == field.Number);
            Violation.Unless(values.Count <= 1 || field.IsMany, "a field that came twice");
            if (values.Count > 0 || field.Kind is "N" or ['{', ..])
            {
                json.WritePropertyName(field.Name);
                WriteValue(field, values, json);
            }
        }
        json.WriteEndObject();
    }

    private static void WriteValue(Field field, List<(int Number, ulong Value, byte[] Bytes)> values, Utf8JsonWriter json)
    {
        switch (field.Kind)
        {
            case "n" or "N":
                json.WriteNumberValue(values.Count > 0 ? values[0].Value : 0);
                break;
            case "f":
                json.WriteBooleanValue(values[0].Value != 0);
                break;
            case "t":
                json.WriteStringValue(values[0].Bytes);
                break;
            case "v":
                json.WriteRawValue(values[0].Bytes);
                break;
            case ['[', ..]:
                json.WriteStartArray();
                values.ForEach(value => Decode(field.Element, value.Bytes, json));
                json.WriteEndArray();
                break;
            case ['{', ..]:
                json.WriteStartObject();
                values.ForEach(entry => WriteEntry(field.Element, entry.Bytes, json));
                json.WriteEndObject();
                break;
            default:
                Decode(field.Kind, values[0].Bytes, json);
                break;
        }
    }

    private static void WriteEntry(string element, ReadOnlySpan<byte> entry, Utf8JsonWriter json)
    {
        Violation.Unless(TakeVarint(ref entry) == 0x0A, "an entry of a map without its key");
        json.WritePropertyName(TakeBytes(ref entry));
        Violation.Unless(TakeVarint(ref entry) == 0x12, "an entry of a map without its value");
        Decode(element, TakeBytes(ref entry), json);
        Violation.Unless(entry.IsEmpty, "an entry of a map with more than a key and a value");
    }

    private static void WriteDelimited(ReadOnlySpan<byte> message, ArrayBufferWriter<byte> bytes)
    {
        WriteVarint((ulong)message.Length, bytes);
        bytes.Write(message);
    }

    private static void WriteVarint(ulong value, ArrayBufferWriter<byte> bytes)
    {
        for (; value > 0x7F; value >>= 7)
        {
            bytes.Write([(byte)(value | 0x80)]);
        }
        bytes.Write([(byte)value]);
    }

    private static ReadOnlySpan<byte> TakeBytes(scoped ref ReadOnlySpan<byte> bytes)
    {
        ulong length = TakeVarint(ref bytes);
        Violation.Unless(length <= (ulong)bytes.Length, "a length beyond the message");
        ReadOnlySpan<byte> taken = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return taken;
    }

    private static ulong TakeVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0; i < Math.Min(10, bytes.Length); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] <= 0x7F)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }
        Violation.Found("a number without an end");
        return 0;
    }

    private sealed record Field(string Name, int Number, string Kind)
    {
        public bool IsMany => Kind[0] is '[' or '{';

        public string Element => Kind[1..^1];
    }
}
