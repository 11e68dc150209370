using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Channels.Json;

/// <summary>A reusable place to write JSON, one per loop and purpose.</summary>
internal sealed class JsonText
{
    private const int KeptBytesMax = 256 << 10;

    private ArrayBufferWriter<byte> _bytes = new(512);

    public JsonText() => Writer = new Utf8JsonWriter(_bytes, new JsonWriterOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing of it is put into a page unescaped
        SkipValidation = true,
    });

    public Utf8JsonWriter Writer { get; }

    /// <summary>How much has been written.</summary>
    public int Length => (int)(Writer.BytesCommitted + Writer.BytesPending) + _before;

    public ReadOnlySpan<byte> Written
    {
        get
        {
            Writer.Flush();
            return _bytes.WrittenSpan;
        }
    }

    private int _before;

    /// <summary>Begins another JSON value after a newline, the protocol's separator.</summary>
    public void NextLine()
    {
        Writer.Flush();
        _bytes.Write("\n"u8);
        _before = _bytes.WrittenCount;
        Writer.Reset();
    }

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
        Writer.Reset(_bytes);
    }
}
