using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>What an entry of a log tells.</summary>
public enum EntryKind : byte
{
    /// <summary>Somebody published.</summary>
    Publication,

    /// <summary>A connection subscribed.</summary>
    Join,

    /// <summary>A connection left.</summary>
    Leave,
}

/// <summary>One entry of a channel's log. Immutable; every loop, reader and reply refers to the same one.</summary>
/// <remarks>Its finished WebSocket frame holds everything that is ever sent of it: the frame is what a live reader gets, the
/// body within it is what a history or recovery reply embeds. Server frames are unmasked, hence the same for every reader.</remarks>
public sealed class Entry
{
    /// <summary>The entry's place in the log, from 1 on; every entry has one.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>The publication's offset for clients, from 1 on; 0 for an entry that is not kept for them.</summary>
    public required ulong Offset { get; init; }

    /// <summary>When it was appended, on the owner's clock.</summary>
    public required long AppendedMs { get; init; }

    /// <summary>What it tells.</summary>
    public required EntryKind Kind { get; init; }

    /// <summary>What live readers get.</summary>
    public required SharedMessage Message { get; init; }

    /// <summary>Where the publication's JSON object lies in the plain frame.</summary>
    public required Range BodyRange { get; init; }

    /// <summary>The publication's JSON object.</summary>
    public ReadOnlySpan<byte> Body => Message.Frame.AsSpan(BodyRange);

    /// <summary>Whether clients can return to it: it has an offset.</summary>
    public bool IsPositioned => Offset != 0;

    /// <summary>What it costs a log.</summary>
    public int Bytes => Message.Bytes + OverheadBytes;

    // Two objects, their array's header, the log's reference.
    private const int OverheadBytes = 144;
}
