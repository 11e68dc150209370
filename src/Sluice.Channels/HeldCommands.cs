using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>Commands that wait, as their message had them, in a rented buffer.</summary>
internal sealed class HeldCommands
{
    private byte[] _bytes;

    public HeldCommands(Buffers buffers, ReadOnlySpan<byte> commands)
    {
        _bytes = buffers.Rent(commands.Length);
        commands.CopyTo(_bytes);
        Length = commands.Length;
    }

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Commands => _bytes.AsSpan(0, Length);

    /// <summary>Adds those of a further message.</summary>
    public void Add(ReadOnlySpan<byte> commands, WireFormat format, Buffers buffers)
    {
        int separator = format == WireFormat.Json ? 1 : 0;
        if (_bytes.Length < Length + separator + commands.Length)
        {
            byte[] larger = buffers.Rent(Length + separator + commands.Length);
            Commands.CopyTo(larger);
            buffers.Return(_bytes);
            _bytes = larger;
        }
        if (separator > 0)
        {
            _bytes[Length++] = (byte)'\n';
        }
        commands.CopyTo(_bytes.AsSpan(Length));
        Length += commands.Length;
    }

    public void Return(Buffers buffers) => buffers.Return(_bytes);
}
