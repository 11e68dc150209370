using System.Numerics;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Timers named by small numbers, one each, set, moved and cleared in constant time.</summary>
/// <remarks>
/// <para>Seven levels of 64 slots; a tick is 16 ms, so a timer is never early and at most a tick late. A timer sits on the
/// level of the highest six bits in which its tick differs from the present one and moves down as that time comes, a bounded
/// number in one go: of a million timers of one minute none holds up the others. 16 bytes a key.</para>
/// <para>A node keeps the low 32 bits of its tick. The rest follows from the present one, since a timer lies
/// <see cref="AheadMsMax"/> ahead at most, or is due.</para>
/// <para>One loop owns a wheel. Keys are rows of some slab: dense, so that their nodes are an array in pages.</para>
/// </remarks>
public sealed class TimerWheel
{
    /// <summary>How far ahead a timer may lie; a later one is set to this. A year.</summary>
    public const long AheadMsMax = 1L << (31 + TickBits);

    private const int TickBits = 4;
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const int Levels = 7; // 42 bits of ticks: two thousand years
    private const int PageBits = 10;
    private const int MovesMax = 4096; // a tenth of a millisecond
    private const int None = -1;

    private readonly long _originMs;
    private readonly int[] _heads = new int[Levels * Slots];
    private readonly ulong[] _occupied = new ulong[Levels];
    private Node[][] _pages = [];
    private long _tick;
    private int _moving = None; // the place whose timers are moving down; until it is empty the present tick is its first

    /// <summary>Makes an empty wheel whose present is <paramref name="nowMs"/>.</summary>
    public TimerWheel(long nowMs)
    {
        _originMs = nowMs;
        Array.Fill(_heads, None);
    }

    /// <summary>How many timers are set.</summary>
    public int Count { get; private set; }

    /// <summary>When <see cref="TryTake"/> may next have something to do; <see cref="long.MaxValue"/> without timers.</summary>
    public long NextDueMs
    {
        get
        {
            if (_moving != None)
            {
                return _originMs + (_tick << TickBits);
            }
            for (int level = 0; level < Levels; level++)
            {
                if (_occupied[level] != 0)
                {
                    return _originMs + (StartOf(level, BitOperations.TrailingZeroCount(_occupied[level])) << TickBits);
                }
            }
            return long.MaxValue;
        }
    }

    /// <summary>Sets the timer of a key, or moves it.</summary>
    public void Set(int key, long dueMs)
    {
        Clear(key);
        Insert(key, TickOf(dueMs));
        Count++;
    }

    /// <summary>Sets the timer of a key unless it is set to an earlier time already.</summary>
    public void SetEarlier(int key, long dueMs)
    {
        if (!IsSet(key) || TickOf(dueMs) < DueOf(NodeAt(key)))
        {
            Set(key, dueMs);
        }
    }

    /// <summary>Clears the timer of a key, if one is set.</summary>
    public void Clear(int key)
    {
        if (IsSet(key))
        {
            Unlink(key);
            Count--;
        }
    }

    /// <summary>Takes one timer that is due. Call until it answers false.</summary>
    /// <param name="nowMs">The present; it does not go back.</param>
    /// <param name="key">Whose.</param>
    /// <param name="dueMs">When it was due, up to a tick later than it was set to.</param>
    /// <returns>False when none is, or when so many had to be moved that others should have their turn; then <see cref="NextDueMs"/> has passed.</returns>
    public bool TryTake(long nowMs, out int key, out long dueMs)
    {
        long now = (nowMs - _originMs) >> TickBits;
        int movesLeft = MovesMax;
        (key, dueMs) = (None, 0);
        while (MoveDown(ref movesLeft) && TryFind(now, out int level, out int slot))
        {
            if (level == 0)
            {
                key = _heads[slot];
                dueMs = _originMs + (_tick << TickBits);
                Unlink(key);
                Count--;
                return true;
            }
            _moving = (level * Slots) + slot;
        }
        return false;
    }

    private long TickOf(long dueMs)
    {
        long ahead = Math.Min(dueMs, _originMs + (_tick << TickBits) + AheadMsMax) - _originMs;
        return Math.Max(_tick, (ahead + (1 << TickBits) - 1) >> TickBits);
    }

    // The first slot with timers whose time has begun; the present moves on to it.
    private bool TryFind(long now, out int level, out int slot)
    {
        for (level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
            {
                continue;
            }
            slot = BitOperations.TrailingZeroCount(_occupied[level]);
            long start = StartOf(level, slot);
            if (start > now)
            {
                break; // every other timer is later still
            }
            _tick = Math.Max(_tick, start);
            return true;
        }
        _tick = Math.Max(_tick, now);
        slot = None;
        return false;
    }

    // False when there are more than may be moved now.
    private bool MoveDown(ref int movesLeft)
    {
        if (_moving == None)
        {
            return true;
        }
        for (; _heads[_moving] != None; movesLeft--)
        {
            if (movesLeft == 0)
            {
                return false;
            }
            int key = _heads[_moving];
            long due = DueOf(NodeAt(key));
            Unlink(key);
            Insert(key, due);
        }
        _moving = None;
        return true;
    }

    private bool IsSet(int key) => key >> PageBits < _pages.Length && NodeAt(key).Place != 0;

    private long DueOf(in Node node) => _tick + (uint)(node.Due - (uint)_tick);

    // The first tick of a slot: the present tick's bits above the level, the slot on it, zeros below.
    private long StartOf(int level, int slot)
    {
        int shift = level * SlotBits;
        long above = _tick >> (shift + SlotBits) << (shift + SlotBits);
        return above | ((long)slot << shift);
    }

    private void Insert(int key, long due)
    {
        int level = BitOperations.Log2((ulong)(due ^ _tick) | 1) / SlotBits;
        Invariant.Check(due >= _tick, "a timer lies ahead");
        int slot = (int)(due >> (level * SlotBits)) & (Slots - 1);
        int place = (level * Slots) + slot;
        ref Node node = ref EnsureNode(key);
        node = new Node { Next = _heads[place], Previous = None, Due = (uint)due, Place = place + 1 };
        if (node.Next != None)
        {
            NodeAt(node.Next).Previous = key;
        }
        _heads[place] = key;
        _occupied[level] |= 1UL << slot;
    }

    private void Unlink(int key)
    {
        ref Node node = ref NodeAt(key);
        int place = node.Place - 1;
        if (node.Next != None)
        {
            NodeAt(node.Next).Previous = node.Previous;
        }
        if (node.Previous != None)
        {
            NodeAt(node.Previous).Next = node.Next;
        }
        else
        {
            _heads[place] = node.Next;
            if (node.Next == None)
            {
                _occupied[place / Slots] &= ~(1UL << (place % Slots));
            }
        }
        node.Place = 0;
    }

    private ref Node NodeAt(int key) => ref _pages[key >> PageBits][key & ((1 << PageBits) - 1)];

    private ref Node EnsureNode(int key)
    {
        while (key >> PageBits >= _pages.Length)
        {
            Array.Resize(ref _pages, _pages.Length + 1);
            _pages[^1] = GC.AllocateArray<Node>(1 << PageBits, pinned: true);
        }
        return ref NodeAt(key);
    }

    private struct Node
    {
        public int Next;
        public int Previous;
        public uint Due;
        public int Place; // level and slot plus one; 0: not set
    }
}
