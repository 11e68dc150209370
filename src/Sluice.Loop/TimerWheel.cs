using System.Numerics;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Timers named by small numbers, one each, set, moved and cleared in constant time.</summary>
/// <remarks>
/// <para>Six levels of 64 slots; a tick is 16 ms, so a timer is never early and at most a tick late. A timer sits on the
/// level of the highest six bits in which its tick differs from the present one and moves down as that time comes.
/// 16 bytes a key.</para>
/// <para>One loop owns a wheel. Keys are rows of some slab: dense, so that their nodes are an array in pages.</para>
/// </remarks>
public sealed class TimerWheel
{
    private const int TickBits = 4;
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const int Levels = 6; // 36 bits: all of a tick's 32
    private const int PageBits = 10;
    private const int None = -1;

    private readonly long _originMs;
    private readonly int[] _heads = new int[Levels * Slots];
    private readonly ulong[] _occupied = new ulong[Levels];
    private Node[][] _pages = [];
    private uint _tick;

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
            for (int level = 0; level < Levels; level++)
            {
                if (_occupied[level] != 0)
                {
                    return _originMs + ((long)StartOf(level, BitOperations.TrailingZeroCount(_occupied[level])) << TickBits);
                }
            }
            return long.MaxValue;
        }
    }

    /// <summary>Sets the timer of a key, or moves it.</summary>
    public void Set(int key, long dueMs)
    {
        Clear(key);
        long ahead = Math.Clamp(dueMs - _originMs, 0, (long)uint.MaxValue << TickBits);
        long ticks = (ahead + (1 << TickBits) - 1) >> TickBits;
        Insert(key, (uint)Math.Clamp(ticks, _tick, uint.MaxValue));
        Count++;
    }

    /// <summary>Clears the timer of a key, if one is set.</summary>
    public void Clear(int key)
    {
        if (key >> PageBits < _pages.Length && NodeAt(key).Place != 0)
        {
            Unlink(key);
            Count--;
        }
    }

    /// <summary>Takes one timer that is due. Call until it answers false.</summary>
    public bool TryTake(long nowMs, out int key)
    {
        uint now = (uint)((nowMs - _originMs) >> TickBits);
        for (int level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
            {
                continue;
            }
            int slot = BitOperations.TrailingZeroCount(_occupied[level]);
            uint start = StartOf(level, slot);
            if (start > now)
            {
                break; // every other timer is later still
            }
            _tick = Math.Max(_tick, start);
            if (level == 0)
            {
                key = _heads[slot];
                Unlink(key);
                Count--;
                return true;
            }
            MoveDown((level * Slots) + slot);
            level = -1; // they are lower now: look again from the first level
        }
        _tick = Math.Max(_tick, now);
        key = None;
        return false;
    }

    private void MoveDown(int place)
    {
        while (_heads[place] != None)
        {
            int key = _heads[place];
            Unlink(key);
            Insert(key, NodeAt(key).Due);
        }
    }

    // The first tick of a slot: the present tick's bits above the level, the slot on it, zeros below.
    private uint StartOf(int level, int slot)
    {
        int shift = level * SlotBits;
        ulong above = (ulong)_tick >> (shift + SlotBits) << (shift + SlotBits);
        return (uint)(above | ((ulong)(uint)slot << shift));
    }

    private void Insert(int key, uint due)
    {
        int level = BitOperations.Log2((due ^ _tick) | 1) / SlotBits;
        Invariant.Check(due >= _tick, "a timer lies ahead");
        int slot = (int)(due >> (level * SlotBits)) & (Slots - 1);
        int place = (level * Slots) + slot;
        ref Node node = ref EnsureNode(key);
        node = new Node { Next = _heads[place], Previous = None, Due = due, Place = place + 1 };
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
