using System.Buffers.Text;
using System.Globalization;

namespace Sluice.Channels;

/// <summary>Names one life of a log: positions of different epochs have nothing to do with each other.</summary>
/// <param name="Value">Random, never 0; 0 stands for "not said".</param>
public readonly record struct Epoch(ulong Value)
{
    /// <summary>How many characters it has on the wire.</summary>
    public const int WireLength = 16;

    /// <summary>Whether an epoch was said.</summary>
    public bool IsGiven => Value != 0;

    /// <summary>Reads what <see cref="ToString"/> wrote. Anything else is an epoch that no log has.</summary>
    public static Epoch Parse(ReadOnlySpan<byte> wire)
    {
        if (wire.IsEmpty)
        {
            return default;
        }
        bool whole = Utf8Parser.TryParse(wire, out ulong value, out int read, 'x') && read == WireLength && wire.Length == WireLength;
        return new Epoch(whole && value != 0 ? value : ulong.MaxValue);
    }

    /// <summary>The epoch as it stands on the wire: 16 hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}

/// <summary>Where a reader of a log stands: it has seen the publications up to and including <paramref name="Offset"/>.</summary>
/// <param name="Epoch">Which life of the log.</param>
/// <param name="Offset">The first publication has 1, each further one more; 0 is before all.</param>
public readonly record struct Position(Epoch Epoch, ulong Offset);
