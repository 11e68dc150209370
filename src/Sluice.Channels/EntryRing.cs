using Sluice.Protocol;

namespace Sluice.Channels;

/// <summary>Entries in order of their sequence, added at the end and dropped at the front.</summary>
internal struct EntryRing
{
    private Entry[]? _entries; // a power of two long; none while empty
    private int _head;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public readonly Entry this[int index] => _entries![(_head + index) & (_entries.Length - 1)];

    public readonly Entry First => this[0];

    public readonly Entry Last => this[Count - 1];

    public void Add(Entry entry)
    {
        Invariant.Check(Count == 0 || Last.Sequence < entry.Sequence, "a log grows at its end");
        if (_entries is null || Count == _entries.Length)
        {
            Grow();
        }
        _entries![(_head + Count) & (_entries.Length - 1)] = entry;
        Count++;
        Bytes += entry.Bytes;
    }

    public void DropFirst()
    {
        Bytes -= First.Bytes;
        _entries![_head] = null!;
        _head = (_head + 1) & (_entries.Length - 1);
        if (--Count == 0)
        {
            _entries = null;
            _head = 0;
        }
    }

    /// <summary>The index of the first entry after a sequence; <see cref="Count"/> when there is none.</summary>
    public readonly int IndexAfter(ulong sequence)
    {
        if (Count == 0 || Last.Sequence <= sequence)
        {
            return Count; // a reader that keeps up asks this most
        }
        int low = 0;
        int high = Count - 1;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (this[middle].Sequence <= sequence)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }

    private void Grow()
    {
        Entry[] larger = new Entry[_entries is null ? 4 : _entries.Length * 2];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }
        _entries = larger;
        _head = 0;
    }
}
