using System.Text.Json;

namespace Sluice.Simulator;

/// <summary>A publication as the wire shows it.</summary>
/// <param name="Offset">0 if it has none.</param>
/// <param name="Data">The raw JSON value.</param>
/// <param name="Client">Who published it, null if no client did.</param>
internal readonly record struct ShownPublication(long Offset, byte[] Data, string? Client)
{
    public static ShownPublication Read(JsonElement json) => new(
        json.TryGetProperty("offset"u8, out JsonElement offset) ? offset.GetInt64() : 0,
        JsonMarshalRaw(json.GetProperty("data"u8)),
        json.TryGetProperty("info"u8, out JsonElement info) ? info.GetProperty("client"u8).GetString() : null);

    public static List<ShownPublication> ReadAll(JsonElement parent)
    {
        List<ShownPublication> all = [];
        if (parent.TryGetProperty("publications"u8, out JsonElement publications))
        {
            foreach (JsonElement publication in publications.EnumerateArray())
            {
                all.Add(Read(publication));
            }
        }
        return all;
    }

    private static byte[] JsonMarshalRaw(JsonElement value) => System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(value).ToArray();
}

/// <summary>What a subscribe reply says.</summary>
internal readonly record struct SubscribeReply(
    bool Recoverable, bool Recovered, bool WasRecovering, Place Top, IReadOnlyList<ShownPublication> Publications)
{
    public static SubscribeReply Read(JsonElement json) => new(
        Flag(json, "recoverable"u8), Flag(json, "recovered"u8), Flag(json, "was_recovering"u8), ReadPlace(json), ShownPublication.ReadAll(json));

    /// <summary>Epoch and offset, wherever they stand together.</summary>
    public static Place ReadPlace(JsonElement json) => new(
        json.TryGetProperty("epoch"u8, out JsonElement epoch) ? epoch.GetString()! : "",
        json.TryGetProperty("offset"u8, out JsonElement offset) ? offset.GetInt64() : 0);

    private static bool Flag(JsonElement json, ReadOnlySpan<byte> name) => json.TryGetProperty(name, out JsonElement flag) && flag.GetBoolean();
}
