using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Protocol;

/// <summary>Finds what a message repeats of itself and of its history, both where they lie.</summary>
/// <remarks>A place is counted from the beginning of the history; the message follows on it. Bytes are asked for at places of the
/// message in ascending order, each once: <see cref="Insert"/>.</remarks>
internal readonly ref struct MatchFinder
{
    // How far the search goes: half as far as zlib's level 6, for 1 % more bytes.
    private const int ChainMax = 64;
    private const int GoodBytes = 8; // beyond such a match a quarter of it does
    private const int NiceBytes = 128; // such a match ends it

    // The shortest match, from so far, takes more bits than three literals.
    private const int ShortestDistanceMax = 4096;

    private const int PlaceMask = DeflateFormat.WindowBytesMax - 1;

    private readonly ReadOnlySpan<byte> _history;
    private readonly ReadOnlySpan<byte> _message;
    private readonly ref int _last;
    private readonly ref ushort _back;
    private readonly int _first;
    private readonly int _hashShift;
    private readonly int _distanceMax;

    internal MatchFinder(HashChains chains, ReadOnlySpan<byte> history, ReadOnlySpan<byte> message, int distanceMax)
    {
        _history = history;
        _message = message;
        _last = ref chains.Last;
        _back = ref chains.Back;
        _distanceMax = distanceMax;
        _first = chains.Begin(history.Length + message.Length, out int hashBits);
        _hashShift = 32 - hashBits;
        ref byte bytes = ref MemoryMarshal.GetReference(history);
        for (int place = 0; place <= history.Length - DeflateFormat.MatchBytesMin; place++)
        {
            Link(ref Unsafe.Add(ref bytes, place), place, _hashShift, _first, ref _last, ref _back);
        }
    }

    /// <summary>Remembers a place of the message.</summary>
    /// <returns>The last place with the same hash, or a negative number.</returns>
    internal int Insert(int at) => at <= _message.Length - DeflateFormat.MatchBytesMin
        ? Link(ref Unsafe.Add(ref MemoryMarshal.GetReference(_message), at), _history.Length + at, _hashShift, _first, ref _last, ref _back)
        : -1;

    /// <summary>Looks for a match for the message from <paramref name="at"/> on.</summary>
    /// <param name="at">Where in the message.</param>
    /// <param name="candidate">What <see cref="Insert"/> answered for it.</param>
    /// <param name="longerThan">Only a longer one counts.</param>
    /// <param name="distance">How far back it lies.</param>
    /// <returns>Its length, or 0.</returns>
    internal int Find(int at, int candidate, int longerThan, out int distance)
    {
        int place = _history.Length + at;
        int lowest = Math.Max(0, place - _distanceMax);
        int longestMax = Math.Min(DeflateFormat.MatchBytesMax, _message.Length - at);
        int longest = Math.Max(longerThan, DeflateFormat.MatchBytesMin - 1);
        int best = -1;
        ref byte current = ref Unsafe.Add(ref MemoryMarshal.GetReference(_message), at);
        for (int left = longerThan >= GoodBytes ? ChainMax / 4 : ChainMax; candidate >= lowest && left > 0 && longest < longestMax; left--)
        {
            if (MayBeLonger(candidate, longest, ref current))
            {
                int length = CommonLength(candidate, ref current, longestMax);
                if (length > longest)
                {
                    longest = length;
                    best = candidate;
                    if (length >= NiceBytes)
                    {
                        break;
                    }
                }
            }
            candidate -= Unsafe.Add(ref _back, (nint)(candidate & PlaceMask));
        }
        distance = place - best;
        return best < 0 || (longest == DeflateFormat.MatchBytesMin && distance > ShortestDistanceMax) ? 0 : longest;
    }

    // A chain that ends here, or leads to another message, leads as far back as a step can: beyond every window.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Link(ref byte bytes, int place, int hashShift, int first, ref int lasts, ref ushort backs)
    {
        uint three = ((uint)Unsafe.ReadUnaligned<ushort>(ref bytes) << 8) | ((uint)Unsafe.Add(ref bytes, 2) << 24);
        ref int last = ref Unsafe.Add(ref lasts, (nint)((three * 0x9E3779B1u) >> hashShift));
        int back = first + place - last;
        last = first + place;
        Unsafe.Add(ref backs, (nint)(place & PlaceMask)) = (ushort)Math.Min(back, ushort.MaxValue);
        return place - back;
    }

    // The cheapest look that says no: the two bytes that a longer match ends with at the least.
    private bool MayBeLonger(int candidate, int longest, ref byte current)
    {
        int at = candidate + longest - 1 - _history.Length; // in the message, or before it
        if (at == -1)
        {
            return true; // one of them is history
        }
        ref byte bytes = ref at >= 0
            ? ref Unsafe.Add(ref MemoryMarshal.GetReference(_message), at)
            : ref Unsafe.Add(ref MemoryMarshal.GetReference(_history), _history.Length + at);
        return Unsafe.ReadUnaligned<ushort>(ref bytes) == Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref current, longest - 1));
    }

    private int CommonLength(int candidate, ref byte current, int max)
    {
        int before = _history.Length - candidate; // bytes of it that are history
        ref byte message = ref MemoryMarshal.GetReference(_message);
        if (before <= 0)
        {
            return CommonLength(ref Unsafe.Add(ref message, -before), ref current, max);
        }
        ref byte history = ref Unsafe.Add(ref MemoryMarshal.GetReference(_history), candidate);
        int length = CommonLength(ref history, ref current, Math.Min(max, before));
        return length < before || length == max
            ? length
            : length + CommonLength(ref message, ref Unsafe.Add(ref current, length), max - length);
    }

    private static int CommonLength(ref byte left, ref byte right, int max)
    {
        int length = 0;
        for (; length <= max - sizeof(ulong); length += sizeof(ulong))
        {
            ulong difference = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref left, length))
                ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref right, length));
            if (difference != 0)
            {
                return length + (FirstBit(difference) >> 3);
            }
        }
        while (length < max && Unsafe.Add(ref left, length) == Unsafe.Add(ref right, length))
        {
            length++;
        }
        return length;
    }

    // In the order of the bytes in memory.
    private static int FirstBit(ulong word) =>
        BitConverter.IsLittleEndian ? BitOperations.TrailingZeroCount(word) : BitOperations.LeadingZeroCount(word);
}
