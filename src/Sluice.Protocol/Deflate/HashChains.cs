using System.Numerics;
using System.Runtime.InteropServices;

namespace Sluice.Protocol;

/// <summary>Where three bytes were seen before: for each hash its last place, and for each place the one before it.</summary>
/// <remarks>Nothing is cleared between messages: places count on through all of them, and what lies before the first place of the
/// message belongs to another one.</remarks>
internal sealed class HashChains
{
    private const int HashBitsMin = 10;
    private const int HashBitsMax = 15;

    private readonly int[] _last = new int[1 << HashBitsMax];
    private readonly ushort[] _back = new ushort[DeflateFormat.WindowBytesMax]; // how far, by place modulo the window
    private int _end = 1; // 0 is before every message

    /// <summary>Makes places for a message and its history.</summary>
    /// <returns>The first place.</returns>
    internal int Begin(int bytes, out int hashBits)
    {
        // A small table is nearer than a large one, and costs a small message no collisions.
        hashBits = Math.Clamp(BitOperations.Log2((uint)bytes | 1), HashBitsMin, HashBitsMax);
        if (_end > int.MaxValue - bytes)
        {
            _last.AsSpan().Clear();
            _end = 1;
        }
        int first = _end;
        _end += bytes;
        return first;
    }

    internal ref int Last => ref MemoryMarshal.GetArrayDataReference(_last);

    internal ref ushort Back => ref MemoryMarshal.GetArrayDataReference(_back);
}
