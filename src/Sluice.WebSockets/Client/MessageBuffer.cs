using System.Buffers;

namespace Sluice.WebSockets;

/// <summary>Gathers a message that does not lie whole in what was read. It grows with what arrives, never with what is declared.</summary>
internal sealed class MessageBuffer
{
    private const int BytesMin = 4 * 1024;

    private byte[] _bytes = [];
    private int _length;

    internal ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    internal void Append(ReadOnlySpan<byte> piece)
    {
        int length = checked(_length + piece.Length);
        if (length > _bytes.Length)
        {
            int size = Math.Max(length, (int)Math.Min(Array.MaxLength, Math.Max(BytesMin, 2L * _bytes.Length)));
            byte[] larger = ArrayPool<byte>.Shared.Rent(size);
            Written.Span.CopyTo(larger);
            Return();
            _bytes = larger;
        }
        piece.CopyTo(_bytes.AsSpan(_length));
        _length = length;
    }

    /// <summary>Drops the message, for which nobody has a use any more.</summary>
    internal void Release()
    {
        Return();
        Forget();
    }

    /// <summary>Drops the message, which somebody may still be reading: so its bytes are left to the garbage collector.</summary>
    internal void Forget()
    {
        _bytes = [];
        _length = 0;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
