using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sluice.Channels.Wire;

namespace Sluice.Fuzz;

/// <summary>A command as a document tree tells it.</summary>
internal sealed record CommandModel
{
    public uint Id { get; set; }
    public CommandMethod Method { get; set; }
    public string Channel { get; set; } = "";
    public string Token { get; set; } = "";
    public string Data { get; set; } = "";
    public string Delta { get; set; } = "";
    public string Epoch { get; set; } = "";
    public ulong Offset { get; set; }
    public bool Recover { get; set; }
    public bool HasSince { get; set; }
    public bool HasFilter { get; set; }
    public bool Reverse { get; set; }
    public long Flag { get; set; }
    public int Limit { get; set; }
    public int Type { get; set; }

    /// <summary>What a reader told of a command.</summary>
    /// <param name="told">It.</param>
    /// <param name="data">How its data are compared: as text, or byte by byte.</param>
    public static CommandModel Of(in ClientCommand told, Encoding data) => new()
    {
        Id = told.Id,
        Method = told.Method,
        Channel = Encoding.UTF8.GetString(told.Channel),
        Token = Encoding.UTF8.GetString(told.Token),
        Data = data.GetString(told.Data),
        Delta = Encoding.UTF8.GetString(told.Delta),
        Epoch = Encoding.UTF8.GetString(told.Epoch),
        Offset = told.Offset,
        Recover = told.Recover,
        HasSince = told.HasSince,
        HasFilter = told.HasFilter,
        Reverse = told.Reverse,
        Flag = told.Flag,
        Limit = told.Limit,
        Type = told.Type,
    };

    /// <summary>Reads a line; null if it is malformed.</summary>
    public static CommandModel? Read(byte[] line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            CommandModel model = new();
            return model.Take(document.RootElement) ? model : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private bool Take(JsonElement root) => root.ValueKind == JsonValueKind.Object && root.EnumerateObject().All(TakeMember);

    private bool TakeMember(JsonProperty member)
    {
        if (member.NameEquals("id"u8))
        {
            return member.Value.ValueKind == JsonValueKind.Number && member.Value.TryGetUInt32(out uint id) && (Id = id) == id;
        }
        string name = NameOf(member);
        CommandMethod method = Enum.GetValues<CommandMethod>().FirstOrDefault(method => Snake(method) == name);
        if (method == CommandMethod.None)
        {
            return true;
        }
        bool first = Method == CommandMethod.None;
        Method = method;
        return first && TakeRequest(member.Value);
    }

    private bool TakeRequest(JsonElement request) => request.ValueKind == JsonValueKind.Null
        || (request.ValueKind == JsonValueKind.Object && request.EnumerateObject().All(TakeField));

    private bool TakeField(JsonProperty field)
    {
        JsonElement value = field.Value;
        bool isNull = value.ValueKind == JsonValueKind.Null;
        bool isNumber = value.ValueKind == JsonValueKind.Number;
        bool isBoolean = value.ValueKind is JsonValueKind.True or JsonValueKind.False;
        return NameOf(field) switch
        {
            "channel" => TextOf(value) is string channel && (Channel = channel) == channel,
            "token" => TextOf(value) is string token && (Token = token) == token,
            "delta" => TextOf(value) is string delta && (Delta = delta) == delta,
            "epoch" => TextOf(value) is string epoch && (Epoch = epoch) == epoch,
            "offset" => isNumber && value.TryGetUInt64(out ulong offset) && (Offset = offset) == offset,
            "flag" => isNumber && value.TryGetInt64(out long flag) && (Flag = flag) == flag,
            "limit" => isNumber && value.TryGetInt32(out int limit) && (Limit = limit) == limit,
            "type" => isNumber && value.TryGetInt32(out int type) && (Type = type) == type,
            "recover" => isBoolean && (Recover = value.GetBoolean()) | true,
            "reverse" => isBoolean && (Reverse = value.GetBoolean()) | true,
            "data" => (Data = value.GetRawText()) is not null,
            "since" => (HasSince = !isNull) | true && TakeRequest(value),
            "tf" => (HasFilter = !isNull) | true,
            _ => true,
        };
    }

    // Null stands for no text. A string that is no text, a lone surrogate for one, throws.
    private static string? TextOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? "" : value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string NameOf(JsonProperty property) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(property));

    private static string Snake(CommandMethod method) => method switch
    {
        CommandMethod.PresenceStats => "presence_stats",
        CommandMethod.SubRefresh => "sub_refresh",
        _ => method.ToString().ToLowerInvariant(),
    };
}
