using Sluice.Channels;
using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Tests.Channels;

public sealed class ChannelLogTests
{
    private static readonly Epoch s_epoch = new(77);

    [Fact]
    public void Reading_on_merges_kept_and_live_entries_in_order()
    {
        ChannelLog log = new(s_epoch);
        log.Append(Entry(1, offset: 1));
        log.Append(Entry(2, offset: 0));
        log.Append(Entry(3, offset: 0));
        log.Append(Entry(4, offset: 2));
        Assert.Equal([1, 2, 3, 4], ReadOn(log, 0));
        Assert.Equal([4], ReadOn(log, 3));
        Assert.Empty(ReadOn(log, 4));
        Assert.Equal(new Position(s_epoch, 2), log.Position);
    }

    [Theory]
    [InlineData(0, false)] // offsets 1 and 2 were dropped
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(5, true)] // the top: nothing is missing
    [InlineData(6, false)] // of another log
    public void An_offset_is_covered_when_nothing_after_it_was_dropped(ulong offset, bool covered)
    {
        ChannelLog log = Filled(5);
        log.Trim(new ChannelOptions { HistorySize = 3, HistoryTtlMs = 1_000 }, nowMs: 5);
        Assert.Equal(covered, log.CoversFrom(offset));
        Assert.Equal(2UL, log.KeptFloor);
    }

    [Fact]
    public void The_top_is_covered_when_everything_has_expired()
    {
        ChannelLog log = Filled(5);
        long due = log.Trim(new ChannelOptions { HistorySize = 10, HistoryTtlMs = 100 }, nowMs: 1_000);
        Assert.True(log.IsEmpty);
        Assert.Equal(long.MaxValue, due);
        Assert.True(log.CoversFrom(5));
        Assert.False(log.CoversFrom(4));
    }

    [Fact]
    public void Bytes_bound_the_history_too()
    {
        ChannelLog log = Filled(100);
        log.Trim(new ChannelOptions { HistorySize = 100, HistoryTtlMs = 10_000, HistoryBytesMax = 10 * Entry(1, 1).Bytes }, nowMs: 100);
        Assert.Equal(10, log.KeptCount);
    }

    [Fact]
    public void The_newest_entry_is_kept_however_large_it_is()
    {
        ChannelLog log = Filled(3);
        log.Trim(new ChannelOptions { HistorySize = 10, HistoryTtlMs = 1_000, HistoryBytesMax = 1 }, nowMs: 1);
        Assert.Equal(3UL, log.KeptAt(0).Offset);
        Assert.Equal(1, log.KeptCount);
    }

    [Fact]
    public void What_was_not_given_yet_is_dropped_for_its_age_but_not_for_its_number()
    {
        ChannelOptions options = new() { HistorySize = 2, HistoryTtlMs = 1_000 };
        ChannelLog log = Filled(10);
        log.Trim(options, nowMs: 1, given: 4);
        Assert.Equal([5, 6, 7, 8, 9, 10], ReadOn(log, 0));
        log.Trim(options, nowMs: 1, given: 10);
        Assert.Equal([9, 10], ReadOn(log, 0));
        log.Trim(options, nowMs: 1_000, given: 0);
        Assert.True(log.IsEmpty);
    }

    [Theory]
    [InlineData(0, 2)] // offsets 1 and 2 were dropped, and 3 is the next
    [InlineData(3, 3)]
    [InlineData(4, 3)] // a live entry after offset 3
    [InlineData(5, 4)]
    public void A_sequence_has_the_last_offset_given_up_to_it(ulong sequence, ulong offset)
    {
        ChannelLog log = Filled(3);
        log.Append(Entry(4, offset: 0));
        log.Append(Entry(5, offset: 4));
        log.Drop(keptFloor: 2, liveFloor: 0);
        Assert.Equal(offset, log.OffsetAt(sequence));
    }

    [Fact]
    public void A_mirror_that_was_told_of_a_gap_goes_on_behind_it()
    {
        ChannelLog mirror = Filled(3);
        mirror.Drop(keptFloor: 7, liveFloor: 0);
        mirror.Append(Entry(8, offset: 8));
        Assert.Equal([8], ReadOn(mirror, 3));
        Assert.True(mirror.KeptFloor > 3); // a reader at 3 has lost something
        Assert.True(mirror.CoversFrom(7));
        Assert.False(mirror.CoversFrom(3));
    }

    [Fact]
    public void Against_a_plain_list_every_reader_gets_the_same_entries()
    {
        for (uint seed = 1; seed <= 100; seed++)
        {
            uint random = seed;
            uint Next(uint below)
            {
                random = (random * 1_664_525) + 1_013_904_223;
                return (random >> 8) % below;
            }
            ChannelOptions options = new() { HistorySize = 1 + (int)Next(20), HistoryTtlMs = 20 + Next(200) };
            ChannelLog log = new(s_epoch);
            List<(ulong Sequence, ulong Offset, long Ms)> kept = [];
            List<ulong> live = [];
            ulong offset = 0;
            for (ulong sequence = 1; sequence <= 300; sequence++)
            {
                long now = (long)sequence * 3;
                bool positioned = Next(3) != 0;
                log.Append(Entry(sequence, positioned ? ++offset : 0, now));
                log.Trim(options, now);
                if (positioned)
                {
                    kept.Add((sequence, offset, now));
                }
                else
                {
                    live.Add(sequence);
                }
                kept.RemoveAll(entry => entry.Ms + options.HistoryTtlMs <= now || entry.Offset + (ulong)options.HistorySize <= offset);
                ulong from = Next(2) == 0 ? sequence - Next((uint)sequence + 1) : 0;
                IEnumerable<ulong> expected = kept.Select(static entry => entry.Sequence).Concat(live).Where(s => s > from).Order();
                Assert.Equal(expected, ReadOn(log, from));
            }
        }
    }

    private static ChannelLog Filled(ulong count)
    {
        ChannelLog log = new(s_epoch);
        for (ulong i = 1; i <= count; i++)
        {
            log.Append(Entry(i, i));
        }
        return log;
    }

    private static Entry Entry(ulong sequence, ulong offset, long ms = 0) =>
        new(sequence, offset, ms, new EntryFacts("channel", EntryKind.Publication, null, null), new EntryForm(WireFormat.Json, new SharedMessage(new byte[20]), 2..20, 4..18));

    private static List<ulong> ReadOn(ChannelLog log, ulong after)
    {
        List<ulong> read = [];
        while (log.TryNext(after, out Entry entry))
        {
            read.Add(entry.Sequence);
            after = entry.Sequence;
        }
        return read;
    }
}
