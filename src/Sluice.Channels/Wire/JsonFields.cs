using System.Text.Json;

namespace Sluice.Channels.Wire;

/// <summary>Fields as members of JSON objects.</summary>
internal class JsonFields(Utf8JsonWriter writer) : IFieldWriter
{
    protected Utf8JsonWriter Writer => writer;

    public void Begin(in WireField field) => writer.WriteStartObject(field.Name);

    public void End() => writer.WriteEndObject();

    public void Text(in WireField field, string value) => writer.WriteString(field.Name, value);

    public void Text(in WireField field, Guid value) => writer.WriteString(field.Name, value);

    public void Number(in WireField field, ulong value) => writer.WriteNumber(field.Name, value);

    public void Flag(in WireField field) => writer.WriteBoolean(field.Name, true);

    public void Value(in WireField field, ReadOnlySpan<byte> value)
    {
        writer.WritePropertyName(field.Name);
        writer.WriteRawValue(value, skipInputValidation: true);
    }

    public void BeginList(in WireField field) => writer.WriteStartArray(field.Name);

    public void Item(ReadOnlySpan<byte> message) => writer.WriteRawValue(message, skipInputValidation: true);

    public void EndList() => writer.WriteEndArray();

    public void BeginMap(in WireField field) => writer.WriteStartObject(field.Name);

    public void Entry(string key, string value) => writer.WriteString(key, value);

    public void BeginEntry(Guid key) => writer.WriteStartObject(key.ToString());

    public void EndEntry() => writer.WriteEndObject();

    public void EndMap() => writer.WriteEndObject();
}
