using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Names a row of a <see cref="Slab{T}"/> for as long as that row lives; a later row in its place has another handle.</summary>
/// <param name="Value">Generation in the upper, index in the lower 32 bits. 0 names nothing.</param>
public readonly record struct Handle(ulong Value)
{
    /// <summary>Where the row is.</summary>
    public int Index => (int)(uint)Value;

    internal uint Generation => (uint)(Value >> 32);

    internal static Handle Of(int index, uint generation) => new(((ulong)generation << 32) | (uint)index);
}

/// <summary>Rows of one blittable type in pages that never move, found by number.</summary>
/// <remarks>
/// <para>A row costs its size and 8 bytes. Pages lie on the pinned heap: the collector neither scans nor copies them,
/// a growing slab never copies what it has, and a reference to a row stays good while others come and go.</para>
/// <para>One loop owns a slab. A row is zeroed when it is added. Pages are kept for the next rows, not given back.</para>
/// </remarks>
public sealed class Slab<T>
    where T : unmanaged
{
    private const int PageBits = 8;
    private const int PageRows = 1 << PageBits;

    private Slot[][] _pages = [];
    private int _used; // rows ever used: those above have not been touched
    private int _free = -1;

    /// <summary>How many rows live.</summary>
    public int Count { get; private set; }

    /// <summary>One more than the highest index that ever lived: the range for a scan with <see cref="IsLive"/>.</summary>
    public int IndexEnd => _used;

    /// <summary>The row at an index. Whether it lives is the caller's knowledge.</summary>
    public ref T this[int index] => ref SlotAt(index).Row;

    /// <summary>Adds a zeroed row.</summary>
    public Handle Add()
    {
        int index = _free;
        if (index >= 0)
        {
            _free = SlotAt(index).NextFree;
        }
        else
        {
            index = _used++;
            if (index >> PageBits == _pages.Length)
            {
                Array.Resize(ref _pages, _pages.Length + 1);
                _pages[^1] = GC.AllocateArray<Slot>(PageRows, pinned: true);
            }
        }
        Count++;
        ref Slot slot = ref SlotAt(index);
        slot.Generation++;
        slot.Row = default;
        return Handle.Of(index, slot.Generation);
    }

    /// <summary>Ends a row; its handle names nothing from now on.</summary>
    public void Remove(int index)
    {
        ref Slot slot = ref SlotAt(index);
        Invariant.Check(IsLiveGeneration(slot.Generation), "a row is removed once");
        slot.Generation++;
        slot.NextFree = _free;
        _free = index;
        Count--;
    }

    /// <summary>Whether the handle's row still lives.</summary>
    public bool Contains(Handle handle) =>
        handle.Index < _used && IsLiveGeneration(handle.Generation) && SlotAt(handle.Index).Generation == handle.Generation;

    /// <summary>Whether some row lives at an index below <see cref="IndexEnd"/>.</summary>
    public bool IsLive(int index) => IsLiveGeneration(SlotAt(index).Generation);

    /// <summary>The handle of the row that lives at an index.</summary>
    public Handle HandleAt(int index) => Handle.Of(index, SlotAt(index).Generation);

    private static bool IsLiveGeneration(uint generation) => (generation & 1) != 0;

    private ref Slot SlotAt(int index) => ref _pages[index >> PageBits][index & (PageRows - 1)];

    private struct Slot
    {
        public uint Generation; // odd: lives
        public int NextFree;
        public T Row;
    }
}
