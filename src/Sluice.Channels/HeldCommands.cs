using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>Commands that wait, one a line, in a rented buffer.</summary>
internal sealed class HeldCommands
{
    private byte[] _bytes;

    public HeldCommands(Buffers buffers, ReadOnlySpan<byte> lines)
    {
        _bytes = buffers.Rent(lines.Length);
        lines.CopyTo(_bytes);
        Length = lines.Length;
    }

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Lines => _bytes.AsSpan(0, Length);

    public void Add(ReadOnlySpan<byte> message, Buffers buffers)
    {
        ReadOnlySpan<byte> line = message[^1] == (byte)'\n' ? message[..^1] : message;
        if (_bytes.Length < Length + 1 + line.Length)
        {
            byte[] larger = buffers.Rent(Length + 1 + line.Length);
            Lines.CopyTo(larger);
            buffers.Return(_bytes);
            _bytes = larger;
        }
        _bytes[Length] = (byte)'\n';
        line.CopyTo(_bytes.AsSpan(Length + 1));
        Length += 1 + line.Length;
    }

    public void Return(Buffers buffers) => buffers.Return(_bytes);
}
