using System.Text.Json;

namespace Sluice.Channels.Wire;

/// <summary>What every reader of a format is sent, and where in it the publication and its data lie. Valid until the next is encoded.</summary>
internal readonly ref struct EncodedPush(ReadOnlySpan<byte> payload, Range body, Range data)
{
    public ReadOnlySpan<byte> Payload { get; } = payload;

    public Range Body { get; } = body;

    public Range Data { get; } = data;
}

/// <summary>Encodes what goes into a log, once for all readers of a format. One per thread.</summary>
internal sealed class PublicationEncoder(IMessageWriter writer)
{
    public PublicationEncoder(WireFormat format)
        : this(format == WireFormat.Json ? new JsonMessages() : new ProtobufMessages())
    {
    }

    public WireFormat Format { get; } = writer.Format; // asked for every delivery

    /// <summary>Encodes an entry.</summary>
    /// <param name="told">What it tells.</param>
    /// <param name="offset">Its offset; 0 for none.</param>
    /// <param name="data">A publication's payload; empty for the others.</param>
    public EncodedPush Encode(in EntryFacts told, ulong offset, ReadOnlySpan<byte> data)
    {
        writer.Clear();
        writer.BeginMessage();
        writer.Begin(Fields.Reply.Push);
        writer.Text(Fields.Push.Channel, told.Channel);
        writer.Begin(told.Kind switch
        {
            EntryKind.Publication => Fields.Push.Publication,
            EntryKind.Join => Fields.Push.Join,
            _ => Fields.Push.Leave,
        });
        int start = writer.Length - writer.BraceBytes;
        int dataEnd = start;
        if (told.Kind == EntryKind.Publication)
        {
            dataEnd = WritePublication(told, offset, data);
        }
        else
        {
            WriteInfo(Fields.JoinOrLeave.Info, told.Client!);
        }
        int length = writer.Length - start + writer.BraceBytes;
        writer.End();
        writer.End();
        writer.EndMessage();
        // Lengths written last have moved everything, but not in relation to the end: the publication is the last field of each.
        ReadOnlySpan<byte> payload = writer.Written;
        int bodyEnd = payload.Length - (2 * writer.BraceBytes);
        int dataAt = bodyEnd - length + dataEnd - start;
        return new EncodedPush(payload, (bodyEnd - length)..bodyEnd, (dataAt - data.Length)..dataAt);
    }

    // Answers where the data end.
    private int WritePublication(in EntryFacts told, ulong offset, ReadOnlySpan<byte> data)
    {
        writer.Value(Fields.Publication.Data, data);
        int dataEnd = writer.Length;
        if (told.Client is { } publisher)
        {
            WriteInfo(Fields.Publication.Info, publisher);
        }
        if (offset != 0)
        {
            writer.Number(Fields.Publication.Offset, offset);
        }
        if (told.Tags is { } tags)
        {
            WriteTags(tags);
        }
        return dataEnd;
    }

    private void WriteInfo(in WireField field, ClientInfo client)
    {
        writer.Begin(field);
        ReplyEncoder.WriteClientInfo(writer, client);
        writer.End();
    }

    private void WriteTags(byte[] tags)
    {
        if (writer.Format == WireFormat.Json)
        {
            writer.Value(Fields.Publication.Tags, tags);
            return;
        }
        writer.BeginMap(Fields.Publication.Tags);
        Utf8JsonReader reader = new(tags);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            writer.Entry(key, reader.GetString() ?? string.Empty);
        }
        writer.EndMap();
    }
}
