using System.Text.Json;

namespace Sluice.Channels.Json;

/// <summary>What every reader is sent, and where in it the publication lies. It is valid until the next is encoded.</summary>
internal readonly ref struct EncodedPush(ReadOnlySpan<byte> payload, Range body)
{
    public ReadOnlySpan<byte> Payload { get; } = payload;

    public Range Body { get; } = body;
}

/// <summary>Encodes what goes into a log, once.</summary>
internal sealed class PublicationEncoder
{
    private readonly JsonText _json = new();

    public EncodedPush Publication(PublishRequest request, ulong offset)
    {
        Utf8JsonWriter writer = Begin(request.Channel, "pub"u8);
        int start = _json.Length;
        writer.WriteStartObject();
        writer.WritePropertyName("data"u8);
        writer.WriteRawValue(request.Data, skipInputValidation: true);
        if (request.Publisher is { } publisher)
        {
            writer.WritePropertyName("info"u8);
            ReplyEncoder.WriteClientInfo(writer, publisher);
        }
        if (offset != 0)
        {
            writer.WriteNumber("offset"u8, offset);
        }
        if (request.Tags is { } tags)
        {
            writer.WritePropertyName("tags"u8);
            writer.WriteRawValue(tags, skipInputValidation: true);
        }
        writer.WriteEndObject();
        return End(writer, start);
    }

    public EncodedPush JoinOrLeave(string channel, EntryKind kind, ClientInfo client)
    {
        Utf8JsonWriter writer = Begin(channel, kind == EntryKind.Join ? "join"u8 : "leave"u8);
        int start = _json.Length;
        writer.WriteStartObject();
        writer.WritePropertyName("info"u8);
        ReplyEncoder.WriteClientInfo(writer, client);
        writer.WriteEndObject();
        return End(writer, start);
    }

    private Utf8JsonWriter Begin(string channel, ReadOnlySpan<byte> kind)
    {
        _json.Clear();
        Utf8JsonWriter writer = _json.Writer;
        writer.WriteStartObject();
        writer.WriteStartObject("push"u8);
        writer.WriteString("channel"u8, channel);
        writer.WritePropertyName(kind);
        return writer;
    }

    private EncodedPush End(Utf8JsonWriter writer, int start)
    {
        int end = _json.Length;
        writer.WriteEndObject();
        writer.WriteEndObject();
        return new EncodedPush(_json.Written, start..end);
    }
}
