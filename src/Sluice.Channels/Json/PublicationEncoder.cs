using System.Text.Json;
using Sluice.Protocol;

namespace Sluice.Channels.Json;

/// <summary>A finished frame, how much of it is payload, and where in it the publication lies.</summary>
internal readonly record struct EncodedFrame(byte[] Frame, int PayloadBytes, Range Body);

/// <summary>Encodes what goes into a log, once, as the frame that every reader is sent.</summary>
internal sealed class PublicationEncoder
{
    private readonly JsonText _json = new();

    public EncodedFrame Publication(PublishRequest request, ulong offset)
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

    public EncodedFrame JoinOrLeave(string channel, EntryKind kind, ClientInfo client)
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

    private EncodedFrame End(Utf8JsonWriter writer, int start)
    {
        int end = _json.Length;
        writer.WriteEndObject();
        writer.WriteEndObject();
        ReadOnlySpan<byte> payload = _json.Written;
        int header = FrameHeader.SizeOf(payload.Length, masked: false);
        byte[] frame = GC.AllocateUninitializedArray<byte>(header + payload.Length);
        FrameHeader.Write(frame, Opcode.Text, true, payload.Length, null);
        payload.CopyTo(frame.AsSpan(header));
        return new EncodedFrame(frame, payload.Length, (header + start)..(header + end));
    }
}
