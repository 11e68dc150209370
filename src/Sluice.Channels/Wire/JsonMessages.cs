using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Channels.Wire;

/// <summary>Messages as JSON objects, one a line.</summary>
internal sealed class JsonMessages : JsonFields, IMessageWriter
{
    private const int KeptBytesMax = 256 << 10;

    private ArrayBufferWriter<byte> _bytes;
    private int _before; // bytes of the lines before the present one
    private bool _any;

    public JsonMessages()
        : this(new ArrayBufferWriter<byte>(512))
    {
    }

    private JsonMessages(ArrayBufferWriter<byte> bytes)
        : base(new Utf8JsonWriter(bytes, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing of it is put into a page unescaped
            SkipValidation = true,
        })) => _bytes = bytes;

    public WireFormat Format => WireFormat.Json;

    public int Length => (int)(Writer.BytesCommitted + Writer.BytesPending) + _before;

    public int BraceBytes => 1;

    public ReadOnlySpan<byte> Written
    {
        get
        {
            Writer.Flush();
            return _bytes.WrittenSpan;
        }
    }

    public void BeginMessage()
    {
        if (_any)
        {
            Writer.Flush();
            _bytes.Write("\n"u8);
            _before = _bytes.WrittenCount;
            Writer.Reset();
        }
        _any = true;
        Writer.WriteStartObject();
    }

    public void EndMessage() => Writer.WriteEndObject();

    public void Clear()
    {
        if (_bytes.Capacity > KeptBytesMax)
        {
            _bytes = new ArrayBufferWriter<byte>(512);
        }
        else
        {
            _bytes.ResetWrittenCount();
        }
        _before = 0;
        _any = false;
        Writer.Reset(_bytes);
    }
}
