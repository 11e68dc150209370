using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>The one message that goes to and fro between a channel's owner and a loop's mirror of it.</summary>
/// <remarks>
/// <para><b>A mirror is itself a cursor at the owner</b>, and this is its credit: the owner fills the feed with what
/// comes next and posts it; the mirror takes the entries and hands it back. While it travels the owner sends nothing more,
/// so no mailbox grows however fast a channel is, and what gathers meanwhile is read from the log in one go.</para>
/// <para>Its first way back to the mirror brings everything that is kept: the mirror is then live.</para>
/// <para><b>Who may touch it:</b> the side that has it. <see cref="Mirror"/>'s end is told by <see cref="IBroker.Detach"/>;
/// a feed that arrives at an ended mirror is dropped, which is how messages of an older attachment die.</para>
/// </remarks>
public sealed class Feed : LoopMessage
{
    /// <summary>How many entries one trip carries, except the first.</summary>
    public const int EntriesMax = 256;

    internal Feed(Mirror mirror, Hub hub)
    {
        Mirror = mirror;
        Hub = hub;
    }

    internal Mirror Mirror { get; }

    internal Hub Hub { get; }

    internal ChannelOwner? Owner { get; set; }

    /// <summary>The channel's name.</summary>
    public string Channel => Mirror.Name;

    /// <summary>Which way it travels. Set by the side that posts it.</summary>
    internal bool ToOwner { get; set; }

    /// <summary>Whether it waits at the owner for the channel's next entry. The owner's alone.</summary>
    internal bool AtRest { get; set; }

    /// <summary>The formats of the mirror's readers. Set by the mirror's side before it hands the feed over.</summary>
    internal WireFormats Wants { get; set; }

    /// <summary><see cref="Wants"/> as it last arrived. The owner's alone.</summary>
    internal WireFormats Wanted { get; set; }

    /// <summary>What comes next in the log.</summary>
    internal List<Entry> Entries { get; } = [];

    internal Epoch Epoch { get; set; }

    /// <summary>Up to where the mirror has been given the log.</summary>
    internal ulong Cursor { get; set; }

    /// <summary>The offset that belongs to <see cref="Cursor"/>.</summary>
    internal ulong TopOffset { get; set; }

    internal ulong KeptFloor { get; set; }

    internal ulong LiveFloor { get; set; }

    /// <inheritdoc/>
    public override void Run()
    {
        if (ToOwner)
        {
            Owner!.Take(this);
        }
        else
        {
            Hub.Take(this);
        }
    }
}

/// <summary>Ends a feed at the owner.</summary>
internal sealed class FeedEnd(Feed feed) : LoopMessage
{
    public override void Run() => feed.Owner!.Remove(feed);
}
