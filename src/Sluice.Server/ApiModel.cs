using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Server;

/// <summary>Where to read on from, in a request of the HTTP API.</summary>
internal sealed record ApiPosition
{
    public ulong Offset { get; init; }

    public string Epoch { get; init; } = "";
}

/// <summary>The fields that publish and broadcast share.</summary>
internal record ApiPublication
{
    public JsonElement? Data { get; init; }

    public string? B64Data { get; init; }

    public bool SkipHistory { get; init; }

    public Dictionary<string, string>? Tags { get; init; }

    // Not served yet; a request that relies on them must not be taken for one that does not.
    public string? IdempotencyKey { get; init; }

    public bool Delta { get; init; }

    public ulong Version { get; init; }

    public string? VersionEpoch { get; init; }
}

internal sealed record ApiPublish : ApiPublication
{
    public string Channel { get; init; } = "";
}

internal sealed record ApiBroadcast : ApiPublication
{
    public string[]? Channels { get; init; }
}

internal sealed record ApiHistory
{
    public string Channel { get; init; } = "";

    public int Limit { get; init; }

    public ApiPosition? Since { get; init; }

    public bool Reverse { get; init; }
}

internal sealed record ApiPresence
{
    public string Channel { get; init; } = "";
}

internal sealed record ApiInfo;

internal sealed record ApiBatch
{
    public JsonElement[]? Commands { get; init; }

    public bool Parallel { get; init; }
}

/// <summary>How requests of the HTTP API are read. Unknown fields are ignored, as everywhere on this wire.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ApiPublish))]
[JsonSerializable(typeof(ApiBroadcast))]
[JsonSerializable(typeof(ApiHistory))]
[JsonSerializable(typeof(ApiPresence))]
[JsonSerializable(typeof(ApiInfo))]
[JsonSerializable(typeof(ApiBatch))]
internal sealed partial class ApiJson : JsonSerializerContext;
