using System.Numerics;
using System.Text;

namespace Sluice.Channels.Wire;

/// <summary>Messages in Protobuf, each behind its length.</summary>
/// <remarks>A length comes before what it counts: one byte is left for it, and what follows is moved if it needs more.</remarks>
internal sealed class ProtobufMessages : IMessageWriter
{
    private const int KeptBytesMax = 256 << 10;
    private const int DepthMax = 8; // the schema's is 5
    private const int VarintBytesMax = 10;
    private const int GuidTextBytes = 36;
    private const int KeyNumber = 1; // of a map's entry
    private const int ValueNumber = 2;

    private readonly int[] _starts = new int[DepthMax]; // of the messages that are open: the byte left for the length
    private byte[] _bytes = new byte[512];
    private int _depth;
    private int _list; // the field's number of the list or map that is open; they do not nest

    public WireFormat Format => WireFormat.Protobuf;

    public int Length { get; private set; }

    public int BraceBytes => 0;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void BeginMessage()
    {
        Reserve(1);
        _starts[_depth++] = Length++;
    }

    public void EndMessage()
    {
        int start = _starts[--_depth];
        int count = Length - start - 1;
        int extra = VarintBytes((uint)count) - 1;
        if (extra > 0)
        {
            Reserve(extra);
            _bytes.AsSpan(start + 1, count).CopyTo(_bytes.AsSpan(start + 1 + extra));
        }
        Length = start;
        Varint((uint)count);
        Length += count;
    }

    public void Begin(in WireField field)
    {
        Tag(field.Number, ProtobufType.Bytes);
        BeginMessage();
    }

    public void End() => EndMessage();

    public void Text(in WireField field, string value) => Text(field.Number, value);

    public void Text(in WireField field, Guid value) => Text(field.Number, value);

    public void Number(in WireField field, ulong value)
    {
        if (value != 0)
        {
            Tag(field.Number, ProtobufType.Varint);
            Varint(value);
        }
    }

    public void Flag(in WireField field) => Number(field, 1);

    public void Value(in WireField field, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty)
        {
            Bytes(field.Number, value);
        }
    }

    public void BeginList(in WireField field) => _list = field.Number;

    public void Item(ReadOnlySpan<byte> message) => Bytes(_list, message);

    public void EndList()
    {
    }

    public void BeginMap(in WireField field) => _list = field.Number;

    public void Entry(string key, string value)
    {
        Tag(_list, ProtobufType.Bytes);
        BeginMessage();
        Text(KeyNumber, key);
        Text(ValueNumber, value);
        EndMessage();
    }

    public void BeginEntry(Guid key)
    {
        Tag(_list, ProtobufType.Bytes);
        BeginMessage();
        Text(KeyNumber, key);
        Tag(ValueNumber, ProtobufType.Bytes);
        BeginMessage();
    }

    public void EndEntry()
    {
        EndMessage();
        EndMessage();
    }

    public void EndMap()
    {
    }

    public void Clear()
    {
        if (_bytes.Length > KeptBytesMax)
        {
            _bytes = new byte[512];
        }
        Length = 0;
    }

    private void Text(int number, string value)
    {
        if (value.Length == 0)
        {
            return;
        }
        int count = Encoding.UTF8.GetByteCount(value);
        Tag(number, ProtobufType.Bytes);
        Varint((uint)count);
        Reserve(count);
        Length += Encoding.UTF8.GetBytes(value, _bytes.AsSpan(Length));
    }

    private void Text(int number, Guid value)
    {
        Tag(number, ProtobufType.Bytes);
        Varint(GuidTextBytes);
        Reserve(GuidTextBytes);
        value.TryFormat(_bytes.AsSpan(Length), out int written);
        Length += written;
    }

    private void Bytes(int number, ReadOnlySpan<byte> value)
    {
        Tag(number, ProtobufType.Bytes);
        Varint((uint)value.Length);
        Reserve(value.Length);
        value.CopyTo(_bytes.AsSpan(Length));
        Length += value.Length;
    }

    private void Tag(int number, ProtobufType type) => Varint(((uint)number << 3) | (uint)type);

    private void Varint(ulong value)
    {
        Reserve(VarintBytesMax);
        while (value > 0x7F)
        {
            _bytes[Length++] = (byte)(value | 0x80);
            value >>= 7;
        }
        _bytes[Length++] = (byte)value;
    }

    private static int VarintBytes(uint value) => 1 + (BitOperations.Log2(value | 1) / 7);

    private void Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(Length + count, 2 * _bytes.Length));
        }
    }
}
