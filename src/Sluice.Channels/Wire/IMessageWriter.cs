namespace Sluice.Channels.Wire;

/// <summary>Writes the fields of a message. What is written is described once, whatever the format.</summary>
/// <remarks>Where a format has defaults, a zero, an empty text and an empty list are left out; JSON has them, so what JSON must not have
/// is not to be asked for.</remarks>
internal interface IFieldWriter
{
    /// <summary>Begins a message in a field, present even if it stays empty.</summary>
    void Begin(in WireField field);

    void End();

    void Text(in WireField field, string value);

    void Text(in WireField field, Guid value);

    void Number(in WireField field, ulong value);

    /// <summary>Says that something is so.</summary>
    void Flag(in WireField field);

    /// <summary>A value that others gave: JSON in JSON, bytes in Protobuf.</summary>
    void Value(in WireField field, ReadOnlySpan<byte> value);

    void BeginList(in WireField field);

    /// <summary>A message of the list, written earlier in this format.</summary>
    void Item(ReadOnlySpan<byte> message);

    void EndList();

    void BeginMap(in WireField field);

    /// <summary>A text of the map.</summary>
    void Entry(string key, string value);

    /// <summary>Begins a message of the map.</summary>
    void BeginEntry(Guid key);

    void EndEntry();

    void EndMap();
}

/// <summary>Writes messages, one behind the other as one WebSocket message carries them. One per loop and purpose.</summary>
internal interface IMessageWriter : IFieldWriter
{
    WireFormat Format { get; }

    /// <summary>How many bytes have been written since <see cref="Clear"/>; a message that is open may yet take some more.</summary>
    int Length { get; }

    /// <summary>How many bytes open, and how many close, a message that lies in another one; they belong to it.</summary>
    int BraceBytes { get; }

    /// <summary>The messages written since <see cref="Clear"/>; all are closed.</summary>
    ReadOnlySpan<byte> Written { get; }

    void BeginMessage();

    void EndMessage();

    void Clear();
}
