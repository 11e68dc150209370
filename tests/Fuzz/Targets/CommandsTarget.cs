using System.Text;
using System.Text.Unicode;
using Sluice.Channels.Wire;

namespace Sluice.Fuzz;

/// <summary>The commands of channel clients. An input is one line, as it comes out of a WebSocket: valid UTF-8.</summary>
internal sealed class CommandsTarget() : Target("commands")
{
    private static readonly string[] s_lines =
    [
        "{\"id\":1,\"connect\":{\"token\":\"t\",\"data\":{\"a\":[1,2]}}}",
        "{\"id\":2,\"subscribe\":{\"channel\":\"news\",\"recover\":true,\"epoch\":\"x\",\"offset\":18446744073709551615,\"flag\":1,\"delta\":\"fossil\",\"tf\":null}}",
        "{\"id\":3,\"publish\":{\"channel\":\"a\\u00e9\\n\",\"data\":\"\\ud83d\\ude00\"}}",
        "{\"id\":4,\"history\":{\"channel\":\"c\",\"limit\":-1,\"reverse\":false,\"since\":{\"offset\":5,\"epoch\":\"e\"}}}", "{}",
        "{\"id\":4294967295,\"ping\":null}",
    ];

    private static readonly string[] s_methods =
    [
        "connect", "subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "ping", "send", "rpc", "refresh",
        "sub_refresh", "id", "other",
    ];
    private static readonly string[] s_fields =
    [
        "channel", "token", "delta", "epoch", "offset", "flag", "limit", "type", "recover", "reverse", "data", "since", "tf", "other",
    ];
    private static readonly string[] s_values =
    [
        "1", "-1", "4294967295", "18446744073709551615", "\"a\"", "\"\\u0061\\n\"", "\"b\\tc\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"",
        "true", "false", "null", "[1,{}]", "{\"a\":\"\\u0062\"}", "\"\u20AC\"",
    ];

    private static readonly string[] s_words =
    [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0041", "\\ud800", "null", "true", "false", "-1", "1e2", "0.5", "4294967296",
        "18446744073709551616", "\"id\":", "\"connect\":", "\"subscribe\":", "\"unsubscribe\":", "\"publish\":",
        "\"presence\":", "\"presence_stats\":", "\"history\":", "\"ping\":", "\"send\":", "\"rpc\":", "\"refresh\":", "\"sub_refresh\":",
        "\"channel\":", "\"token\":", "\"delta\":", "\"epoch\":", "\"offset\":", "\"flag\":", "\"limit\":",
        "\"type\":", "\"recover\":", "\"reverse\":", "\"data\":", "\"since\":", "\"tf\":", "{\"channel\":\"a\"}", "\"\\u0069d\":",
        "\"c\\u0068annel\":",
    ];

    private readonly JsonCommands _reader = new();

    /// <inheritdoc/>
    public override int InputBytesMax => 512;

    /// <inheritdoc/>
    public override int CiExecutions => 40_000;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => s_lines.Select(Encoding.UTF8.GetBytes);

    /// <inheritdoc/>
    public override byte[][] Tokens { get; } = [.. s_words.Select(Encoding.UTF8.GetBytes)];

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (!Utf8.IsValid(input))
        {
            return;
        }
        ClientCommand command = _reader.Read(input);
        CommandModel? model = CommandModel.Read(input.ToArray());
        Oracle.Same(model is not null, command.IsWellFormed, "A command is well-formed if it is one to a reader of whole documents.");
        if (model is null)
        {
            return;
        }
        Oracle.Same(model.Id, command.Id, "The number is the document's.");
        Oracle.Holds(model.Method == command.Method, "The method is the document's.");
        Oracle.Same(model.Data, Encoding.UTF8.GetString(command.Data), "The data are the document's.");
        Oracle.Same(model, CommandModel.Of(command, Encoding.UTF8), "The fields are the document's.");
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        input.Clear();
        input.AddRange(Encoding.UTF8.GetBytes(NewObject(s_methods, dice, depth: 0)));
        return true;
    }

    // Fields that there are, values of the kinds that there are, mostly not the ones that belong together.
    private static string NewObject(string[] names, Dice dice, int depth)
    {
        IEnumerable<string> members = Enumerable.Range(0, dice.Below(5)).Select(_ => $"\"{dice.Of<string>(names)}\":{NewValue(dice, depth)}");
        return "{" + string.Join(",", members) + "}";
    }

    private static string NewValue(Dice dice, int depth) =>
        depth < 2 && dice.Below(depth + 2) == 0 ? NewObject(s_fields, dice, depth + 1) : dice.Of<string>(s_values);
}
