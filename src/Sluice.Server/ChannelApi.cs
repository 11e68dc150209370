using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Sluice.Channels;

namespace Sluice.Server;

/// <summary>A method's answer: a way to write its result, or an error.</summary>
/// <param name="Error">Why not.</param>
/// <param name="Write">Writes the fields of the result object.</param>
/// <param name="IsBare">Whether those fields are the answer, without a <c>result</c> around them.</param>
internal readonly record struct ApiAnswer(CommandError Error, Action<Utf8JsonWriter>? Write, bool IsBare = false)
{
    public static implicit operator ApiAnswer(CommandError error) => new(error, null);

    public static ApiAnswer Result(Action<Utf8JsonWriter> write) => new(default, write);
}

/// <summary>The methods of the HTTP API, without HTTP: each asks the channels and awaits the answer.</summary>
internal sealed class ChannelApi(Node node, HubOptions options)
{
    /// <summary>The largest payload of one publication, with its tags.</summary>
    public const int PublicationBytesMax = 1 << 20;

    private const int BatchCommandsMax = 1000;
    private const int BroadcastChannelsMax = 10_000;

    private static readonly TimeSpan s_answerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Calls a method.</summary>
    /// <exception cref="JsonException">The body does not fit the method.</exception>
    public ValueTask<ApiAnswer> CallAsync(string method, ReadOnlySpan<byte> body) => method switch
    {
        "publish" => PublishAsync(Read(body, ApiJson.Default.ApiPublish)),
        "broadcast" => BroadcastAsync(Read(body, ApiJson.Default.ApiBroadcast)),
        "history" => ReadHistoryAsync(Read(body, ApiJson.Default.ApiHistory)),
        "presence" => ReadPresenceAsync(Read(body, ApiJson.Default.ApiPresence), onlyCounts: false),
        "presence_stats" => ReadPresenceAsync(Read(body, ApiJson.Default.ApiPresence), onlyCounts: true),
        "info" => ReadInfoAsync(Read(body, ApiJson.Default.ApiInfo)),
        "batch" => BatchAsync(Read(body, ApiJson.Default.ApiBatch)),
        _ => new ValueTask<ApiAnswer>(new CommandError(104, "not found")),
    };

    /// <summary>Whether a method exists.</summary>
    public static bool IsMethod(string method) =>
        method is "publish" or "broadcast" or "history" or "presence" or "presence_stats" or "info" or "batch";

    private static T Read<T>(ReadOnlySpan<byte> body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(body, type) ?? throw new JsonException("The request is null.");

    private async ValueTask<ApiAnswer> PublishAsync(ApiPublish request)
    {
        CommandError error = ReadPayload(request, out byte[] data, out byte[]? tags);
        return error.IsError ? error : await PublishAsync(request.Channel, request, data, tags);
    }

    private async ValueTask<ApiAnswer> BroadcastAsync(ApiBroadcast request)
    {
        CommandError error = ReadPayload(request, out byte[] data, out byte[]? tags);
        if (error.IsError || request.Channels is not { Length: > 0 and <= BroadcastChannelsMax } channels)
        {
            return error.IsError ? error : CommandError.BadRequest;
        }
        ApiAnswer[] answers = await Task.WhenAll(channels.Select(channel => PublishAsync(channel, request, data, tags).AsTask()));
        return ApiAnswer.Result(writer =>
        {
            writer.WriteStartArray("responses");
            foreach (ApiAnswer answer in answers)
            {
                WriteReply(writer, "result", answer);
            }
            writer.WriteEndArray();
        });
    }

    private async ValueTask<ApiAnswer> PublishAsync(string channel, ApiPublication publication, byte[] data, byte[]? tags)
    {
        CommandError error = FindChannel(channel, out ChannelOptions channelOptions);
        if (error.IsError)
        {
            return error;
        }
        PendingAnswer pending = new();
        PublishRequest request = new()
        {
            Channel = channel,
            Options = channelOptions,
            Data = data,
            Tags = tags,
            SkipsHistory = publication.SkipHistory,
            Asker = pending,
        };
        node.Broker.Publish(request);
        error = await pending.AnswerAsync(request, s_answerTimeout);
        return error.IsError ? error : ApiAnswer.Result(writer =>
        {
            if (request.Position.Offset != 0)
            {
                writer.WriteNumber("offset", request.Position.Offset);
                writer.WriteString("epoch", request.Position.Epoch.ToString());
            }
        });
    }

    private async ValueTask<ApiAnswer> ReadHistoryAsync(ApiHistory body)
    {
        CommandError error = FindChannel(body.Channel, out ChannelOptions channelOptions);
        if (error.IsError || !channelOptions.HasHistory)
        {
            return error.IsError ? error : CommandError.NotAvailable;
        }
        PendingAnswer pending = new();
        HistoryRequest request = new()
        {
            Channel = body.Channel,
            Options = channelOptions,
            Limit = body.Limit < 0 ? options.HistoryCountMax : Math.Min(body.Limit, options.HistoryCountMax),
            BytesMax = options.HistoryBytesMax,
            Since = body.Since is { } since ? new Position(Epoch.Parse(Encoding.UTF8.GetBytes(since.Epoch)), since.Offset) : null,
            Reverse = body.Reverse,
            Asker = pending,
        };
        node.Broker.ReadHistory(request);
        error = await pending.AnswerAsync(request, s_answerTimeout);
        return error.IsError ? error : ApiAnswer.Result(request.WriteTo);
    }

    private async ValueTask<ApiAnswer> ReadPresenceAsync(ApiPresence body, bool onlyCounts)
    {
        CommandError error = FindChannel(body.Channel, out ChannelOptions channelOptions);
        if (error.IsError || !channelOptions.Presence)
        {
            return error.IsError ? error : CommandError.NotAvailable;
        }
        PendingAnswer pending = new();
        PresenceRequest request = new() { Channel = body.Channel, Options = channelOptions, OnlyCounts = onlyCounts, Asker = pending };
        node.Broker.ReadPresence(request);
        error = await pending.AnswerAsync(request, s_answerTimeout);
        return error.IsError ? error : ApiAnswer.Result(request.WriteTo);
    }

    private async ValueTask<ApiAnswer> ReadInfoAsync(ApiInfo _)
    {
        NodeSurvey survey;
        try
        {
            survey = await node.SurveyAsync(s_answerTimeout);
        }
        catch (TimeoutException)
        {
            return CommandError.Internal;
        }
        return ApiAnswer.Result(writer =>
        {
            writer.WriteStartArray("nodes");
            writer.WriteStartObject();
            writer.WriteString("uid", node.Id);
            writer.WriteString("name", node.Name);
            writer.WriteString("version", options.Version);
            writer.WriteNumber("num_clients", survey.ClientCount);
            writer.WriteNumber("num_users", survey.UserCount);
            writer.WriteNumber("num_channels", survey.ChannelCount);
            writer.WriteNumber("num_subs", survey.SubscriptionCount);
            writer.WriteNumber("uptime", (long)node.Uptime.TotalSeconds);
            writer.WriteEndObject();
            writer.WriteEndArray();
        });
    }

    private async ValueTask<ApiAnswer> BatchAsync(ApiBatch batch)
    {
        if (batch.Commands is not { Length: <= BatchCommandsMax } commands)
        {
            return CommandError.BadRequest;
        }
        if (!commands.All(static command => command.ValueKind == JsonValueKind.Object && command.GetPropertyCount() == 1))
        {
            throw new JsonException("Each command of a batch is an object that names one method, such as {\"publish\": {}}.");
        }
        List<(string Method, ApiAnswer Answer)> replies = [];
        if (batch.Parallel)
        {
            replies.AddRange(await Task.WhenAll(commands.Select(command => CallCommandAsync(command).AsTask())));
        }
        else
        {
            foreach (JsonElement command in commands)
            {
                replies.Add(await CallCommandAsync(command));
            }
        }
        return new ApiAnswer(default, IsBare: true, Write: writer =>
        {
            writer.WriteStartArray("replies");
            foreach ((string method, ApiAnswer answer) in replies)
            {
                WriteReply(writer, method, answer);
            }
            writer.WriteEndArray();
        });
    }

    private async ValueTask<(string Method, ApiAnswer Answer)> CallCommandAsync(JsonElement command)
    {
        JsonProperty method = command.EnumerateObject().Single();
        try
        {
            ApiAnswer answer = method.Name == "batch"
                ? CommandError.BadRequest
                : await CallAsync(method.Name, Encoding.UTF8.GetBytes(method.Value.GetRawText()));
            return (method.Name, answer);
        }
        catch (JsonException)
        {
            return (method.Name, CommandError.BadRequest); // the other commands of the batch stand
        }
    }

    /// <summary>Writes <c>{name: result}</c> or <c>{"error": ...}</c>.</summary>
    public static void WriteReply(Utf8JsonWriter writer, string name, ApiAnswer answer)
    {
        writer.WriteStartObject();
        if (answer.IsBare)
        {
            answer.Write!(writer);
            writer.WriteEndObject();
            return;
        }
        writer.WriteStartObject(answer.Error.IsError ? "error" : name);
        if (answer.Error.IsError)
        {
            writer.WriteNumber("code", answer.Error.Code);
            writer.WriteString("message", answer.Error.Message);
        }
        else
        {
            answer.Write!(writer);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private CommandError FindChannel(string channel, out ChannelOptions channelOptions)
    {
        channelOptions = null!;
        return channel.Length == 0 ? CommandError.BadRequest : options.Namespaces.Find(channel, out channelOptions);
    }

    private static CommandError ReadPayload(ApiPublication publication, out byte[] data, out byte[]? tags)
    {
        data = [];
        tags = publication.Tags is { Count: > 0 } given ? JsonSerializer.SerializeToUtf8Bytes(given) : null;
        if (publication.IdempotencyKey is not null || publication.Delta || publication.Version != 0 || publication.VersionEpoch is not null)
        {
            return CommandError.NotAvailable;
        }
        if (publication.Data is { } json && publication.B64Data is null)
        {
            data = WithoutNewlines(Encoding.UTF8.GetBytes(json.GetRawText()));
        }
        else if (publication.Data is null && publication.B64Data is { } text && TryDecodeJson(text, out byte[] decoded))
        {
            data = WithoutNewlines(decoded);
        }
        return data.Length > 0 && data.Length + (tags?.Length ?? 0) <= PublicationBytesMax ? default : CommandError.BadRequest;
    }

    // The JSON wire is the only one yet, so what comes in binary must be JSON too.
    private static bool TryDecodeJson(string text, out byte[] decoded)
    {
        decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (!Convert.TryFromBase64String(text, decoded, out int count) || !System.Text.Unicode.Utf8.IsValid(decoded.AsSpan(0, count)))
        {
            return false;
        }
        Array.Resize(ref decoded, count);
        try
        {
            using JsonDocument document = JsonDocument.Parse(decoded);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // A raw newline separates messages on the wire; in JSON it can only be white space.
    private static byte[] WithoutNewlines(byte[] json) =>
        json.AsSpan().IndexOfAny((byte)'\n', (byte)'\r') < 0 ? json : [.. json.Where(static b => b is not ((byte)'\n' or (byte)'\r'))];
}

/// <summary>A request's answer, awaited outside the loops.</summary>
internal sealed class PendingAnswer : IAsker
{
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Answered(ChannelRequest request) => _answered.SetResult();

    /// <summary>Waits for the answer; a loop that gives none in time is our fault.</summary>
    public async Task<CommandError> AnswerAsync(ChannelRequest request, TimeSpan timeout)
    {
        try
        {
            await _answered.Task.WaitAsync(timeout);
            return request.Error;
        }
        catch (TimeoutException)
        {
            return CommandError.Internal;
        }
    }
}
