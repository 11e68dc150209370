using Sluice.Protocol;

namespace Sluice.Channels;

/// <summary>A channel's entries from a floor to its tip. A reader is a number: the sequence up to which it has read.</summary>
/// <remarks>
/// <para>Two retentions lie side by side in one order. <i>Kept</i> entries have an offset that clients return to; when one is
/// dropped before a reader came to it, that reader has lost something and is told. <i>Live</i> entries (joins, leaves,
/// publications of channels without history) stay only long enough for readers that keep up; who is late misses them.</para>
/// <para>The owner's log appends and trims; a mirror's takes over both, and decides neither.</para>
/// </remarks>
public sealed class ChannelLog
{
    private EntryRing _kept;
    private EntryRing _live;
    private ulong _keptTip; // the last kept entry's sequence, dropped or not

    /// <summary>Makes an empty log.</summary>
    public ChannelLog(Epoch epoch) => Epoch = epoch;

    /// <summary>Which life of the channel this is.</summary>
    public Epoch Epoch { get; }

    /// <summary>The last entry's sequence, of whichever retention, dropped or not.</summary>
    public ulong Tip { get; private set; }

    /// <summary>The last offset given; 0 at first.</summary>
    public ulong TopOffset { get; private set; }

    /// <summary>The sequence up to which kept entries were dropped: a reader below it has lost one.</summary>
    public ulong KeptFloor { get; private set; }

    /// <summary>The sequence up to which live entries were dropped.</summary>
    public ulong LiveFloor { get; private set; }

    /// <summary>Where a client stands that has seen everything.</summary>
    public Position Position => new(Epoch, TopOffset);

    /// <summary>Whether nothing is held.</summary>
    public bool IsEmpty => _kept.Count == 0 && _live.Count == 0;

    /// <summary>Adds the next entry.</summary>
    public void Append(Entry entry)
    {
        Invariant.Check(entry.Sequence > Tip, "sequences grow");
        Invariant.Check(!entry.IsPositioned || entry.Offset == TopOffset + 1 || KeptFloor > _keptTip, "offsets have no gap but one that the floor tells");
        if (entry.IsPositioned)
        {
            _kept.Add(entry);
            _keptTip = entry.Sequence;
            TopOffset = entry.Offset;
        }
        else
        {
            _live.Add(entry);
        }
        Tip = entry.Sequence;
    }

    /// <summary>Takes over where the owner's log stands, after its entries were appended.</summary>
    public void Follow(ulong tip, ulong topOffset)
    {
        Invariant.Check(tip >= Tip && topOffset >= TopOffset, "a mirror follows forward");
        Tip = tip;
        TopOffset = topOffset;
    }

    /// <summary>Drops kept and live entries up to two sequences.</summary>
    public void Drop(ulong keptFloor, ulong liveFloor)
    {
        while (_kept.Count > 0 && _kept.First.Sequence <= keptFloor)
        {
            _kept.DropFirst();
        }
        while (_live.Count > 0 && _live.First.Sequence <= liveFloor)
        {
            _live.DropFirst();
        }
        KeptFloor = Math.Max(KeptFloor, keptFloor);
        LiveFloor = Math.Max(LiveFloor, liveFloor);
    }

    /// <summary>Drops what the retention no longer keeps, but not for its number or size what the readers have not been given
    /// yet (within a bound), and never the newest: history bounds what is remembered, not what is delivered.</summary>
    /// <param name="options">The retention.</param>
    /// <param name="nowMs">The owner's time.</param>
    /// <param name="given">The sequence up to which every reader has been given the log.</param>
    /// <returns>When the oldest entry that is left will be too old; <see cref="long.MaxValue"/> for never.</returns>
    public long Trim(ChannelOptions options, long nowMs, ulong given = ulong.MaxValue)
    {
        while (_kept.Count > 0 && (IsTooMany(_kept, options.HistorySize, options.HistoryBytesMax, given)
            || _kept.First.AppendedMs + options.HistoryTtlMs <= nowMs))
        {
            KeptFloor = _kept.First.Sequence;
            _kept.DropFirst();
        }
        while (_live.Count > 0 && (IsTooMany(_live, 0, 0, given) || _live.First.AppendedMs + ChannelOptions.LiveTtlMs <= nowMs))
        {
            LiveFloor = _live.First.Sequence;
            _live.DropFirst();
        }
        long keptDue = _kept.Count > 0 ? _kept.First.AppendedMs + options.HistoryTtlMs : long.MaxValue;
        long liveDue = _live.Count > 0 ? _live.First.AppendedMs + ChannelOptions.LiveTtlMs : long.MaxValue;
        return Math.Min(keptDue, liveDue);
    }

    private static bool IsTooMany(in EntryRing ring, int entriesMax, long bytesMax, ulong given)
    {
        if (ring.First.Sequence > given || entriesMax == 0)
        {
            entriesMax += ChannelOptions.LiveEntriesMax;
            bytesMax += ChannelOptions.LiveBytesMax;
        }
        return ring.Count > 1 && (ring.Count > entriesMax || ring.Bytes > bytesMax);
    }

    /// <summary>The next entry for a reader that has read up to <paramref name="after"/>.</summary>
    public bool TryNext(ulong after, out Entry entry)
    {
        int kept = _kept.IndexAfter(after);
        int live = _live.IndexAfter(after);
        if (kept == _kept.Count && live == _live.Count)
        {
            entry = null!;
            return false;
        }
        bool takesKept = live == _live.Count || (kept < _kept.Count && _kept[kept].Sequence < _live[live].Sequence);
        entry = takesKept ? _kept[kept] : _live[live];
        return true;
    }

    /// <summary>Whether a position with this epoch may be this log's: it has the same, or does not say.</summary>
    public bool MayHave(Epoch epoch) => !epoch.IsGiven || epoch == Epoch;

    /// <summary>Whether every publication after an offset is still here: none was dropped, and the offset is not from another log.</summary>
    public bool CoversFrom(ulong offset) =>
        offset == TopOffset || (offset < TopOffset && _kept.Count > 0 && _kept.First.Offset <= offset + 1);

    /// <summary>The last offset given up to a sequence, dropped ones included.</summary>
    public ulong OffsetAt(ulong sequence)
    {
        int next = _kept.IndexAfter(sequence);
        return next == _kept.Count ? TopOffset : _kept[next].Offset - 1;
    }

    /// <summary>How many publications are kept.</summary>
    public int KeptCount => _kept.Count;

    /// <summary>A kept publication, oldest first.</summary>
    public Entry KeptAt(int index) => _kept[index];

    /// <summary>The index of the first kept publication after an offset; <see cref="KeptCount"/> when there is none.</summary>
    public int KeptIndexAfter(ulong offset) =>
        _kept.Count == 0 || offset >= TopOffset ? _kept.Count : (int)(Math.Max(offset + 1, _kept.First.Offset) - _kept.First.Offset);
}
