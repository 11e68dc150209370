using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.Fuzz;

/// <summary>What one execution took of the branches: how often it went from each to each, in eight classes (once, twice, three
/// times, up to 7, 15, 31, 127, more). One such class of one edge is a <em>feature</em>.</summary>
internal sealed unsafe class Coverage
{
    /// <summary>How many features there can be.</summary>
    public const int FeaturesMax = MapBytes * ClassesMax;

    private const int MapBytes = 1 << 16; // what the instrumentation numbers branches for
    private const int ClassesMax = 8;

    // One for the process: the library's variable points into it for good.
    private static readonly byte* s_map = (byte*)NativeMemory.AllocZeroed(MapBytes);

    private readonly List<int> _features = [];

    /// <summary>Gives what is measured a place to count; nothing of it may run before.</summary>
    public static void Attach() => SharedMem(null) = s_map;

    /// <summary>The edge of a feature.</summary>
    public static int EdgeOf(int feature) => feature / ClassesMax;

    /// <summary>Forgets what was taken.</summary>
    public void Begin()
    {
        Map.Clear();
        PrevLocation(null) = 0;
    }

    /// <summary>The features taken since then, ascending; valid until the next call.</summary>
    public List<int> End()
    {
        _features.Clear();
        Span<byte> map = Map;
        for (int at = 0; at < MapBytes; at++)
        {
            int next = map[at..].IndexOfAnyExcept((byte)0);
            if (next < 0)
            {
                break;
            }
            at += next;
            _features.Add((at * ClassesMax) + ClassOf(map[at]));
        }
        return _features;
    }

    private static Span<byte> Map => new(s_map, MapBytes);

    // Where instrumented code counts, and where it was last. A plain reference to the type would be taken for the mark of an
    // assembly that is instrumented already, and this one has to be.
    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = nameof(SharedMem))]
    private static extern ref byte* SharedMem([UnsafeAccessorType("SharpFuzz.Common.Trace, SharpFuzz.Common")] object? type);

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = nameof(PrevLocation))]
    private static extern ref int PrevLocation([UnsafeAccessorType("SharpFuzz.Common.Trace, SharpFuzz.Common")] object? type);

    private static int ClassOf(byte count) => count switch
    {
        <= 3 => count - 1,
        < 32 => BitOperations.Log2(count) + 1,
        < 128 => 6,
        _ => 7,
    };
}
