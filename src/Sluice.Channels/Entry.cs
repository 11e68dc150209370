using Sluice.Channels.Wire;
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

/// <summary>What an entry tells, beside a publication's payload.</summary>
/// <param name="Channel">Where.</param>
/// <param name="Kind">What.</param>
/// <param name="Client">Who: for a publication its publisher, if a client it was.</param>
/// <param name="Tags">A publication's tags, a JSON object of strings; or null.</param>
public readonly record struct EntryFacts(string Channel, EntryKind Kind, ClientInfo? Client, byte[]? Tags);

/// <summary>One entry of a channel's log. Immutable; every loop, reader and reply refers to the same one.</summary>
/// <remarks>
/// <para>A finished WebSocket frame holds everything that is ever sent of it in a format: the frame is what a live reader gets, the
/// body within it is what a history or recovery reply embeds. Server frames are unmasked, hence the same for every reader.</para>
/// <para>The owner makes the frames of those formats that have readers then, of one at least; the payload lies in the first of them and
/// nowhere else. Another format's is made when somebody comes to read it, and stays; two loops at once make the same bytes twice.</para>
/// </remarks>
public sealed class Entry
{
    // This object, and the log's reference to it.
    private const int OverheadBytes = 104;

    private readonly EntryFacts _told;
    private readonly EntryForm _first;
    private EntryForm? _second; // in the other format

    /// <summary>Makes an entry.</summary>
    /// <param name="sequence">Its place.</param>
    /// <param name="offset">Its offset; 0 for none.</param>
    /// <param name="appendedMs">When.</param>
    /// <param name="told">What it tells.</param>
    /// <param name="first">Its frame in one format.</param>
    /// <param name="second">In the other one; or null.</param>
    public Entry(ulong sequence, ulong offset, long appendedMs, in EntryFacts told, EntryForm first, EntryForm? second = null)
    {
        Sequence = sequence;
        Offset = offset;
        AppendedMs = appendedMs;
        _told = told;
        _first = first;
        _second = second;
        Bytes = OverheadBytes + first.Bytes + (second?.Bytes ?? 0);
    }

    /// <summary>The entry's place in the log, from 1 on; every entry has one.</summary>
    public ulong Sequence { get; }

    /// <summary>The publication's offset for clients, from 1 on; 0 for an entry that is not kept for them.</summary>
    public ulong Offset { get; }

    /// <summary>When it was appended, on the owner's clock.</summary>
    public long AppendedMs { get; }

    /// <summary>What it tells.</summary>
    public EntryKind Kind => _told.Kind;

    /// <summary>The payload of a publication.</summary>
    public ReadOnlySpan<byte> Data => _first.Message.Frame.AsSpan(_first.Data);

    /// <summary>The publication as a JSON object.</summary>
    public ReadOnlySpan<byte> Body => _first.Format == WireFormat.Json || _second is not null
        ? BodyOf(Form(WireFormat.Json)!)
        : BodyIn(new PublicationEncoder(WireFormat.Json));

    /// <summary>About how many bytes the publication is in any format.</summary>
    public int BodyBytes => BodyOf(_first).Length;

    /// <summary>Whether clients can return to it: it has an offset.</summary>
    public bool IsPositioned => Offset != 0;

    /// <summary>What it costs a log. A frame that is made later is not counted: it is about as large as the one there is.</summary>
    public int Bytes { get; }

    /// <summary>What live readers of the encoder's format get.</summary>
    internal SharedMessage MessageIn(PublicationEncoder encoder) => FormIn(encoder).Message;

    /// <summary>The publication as a message of the encoder's format.</summary>
    internal ReadOnlySpan<byte> BodyIn(PublicationEncoder encoder) => BodyOf(FormIn(encoder));

    private static ReadOnlySpan<byte> BodyOf(EntryForm form) => form.Message.Frame.AsSpan(form.Body);

    private EntryForm? Form(WireFormat format) => _first.Format == format ? _first : _second;

    private EntryForm FormIn(PublicationEncoder encoder)
    {
        if (Form(encoder.Format) is { } form)
        {
            return form;
        }
        EncodedPush push = encoder.Encode(_told, Offset, Data);
        EntryForm late = EntryForm.Of(encoder.Format, SharedMessage.Of(encoder.Format.Opcode, push.Payload), push);
        return Interlocked.CompareExchange(ref _second, late, null) ?? late;
    }
}

/// <summary>An entry in one format: a finished frame, and where its parts lie in it.</summary>
/// <param name="format">Which.</param>
/// <param name="message">The plain frame, perhaps with compressed ones.</param>
/// <param name="body">The publication in the plain frame, without what a list needs around it.</param>
/// <param name="data">The payload in the plain frame.</param>
public sealed class EntryForm(WireFormat format, SharedMessage message, Range body, Range data)
{
    // This object, its message and the header of the frame's array.
    private const int OverheadBytes = 120;

    /// <summary>Which.</summary>
    public WireFormat Format => format;

    /// <summary>What live readers get.</summary>
    public SharedMessage Message => message;

    /// <summary>The publication in the plain frame.</summary>
    public Range Body => body;

    /// <summary>The payload in the plain frame.</summary>
    public Range Data => data;

    /// <summary>What it costs to keep.</summary>
    public int Bytes => OverheadBytes + message.Bytes;

    /// <summary>The form of what was encoded.</summary>
    internal static EntryForm Of(WireFormat format, SharedMessage message, in EncodedPush push)
    {
        int header = message.Frame.Length - push.Payload.Length;
        return new EntryForm(format, message, Moved(push.Body, header), Moved(push.Data, header));
    }

    private static Range Moved(Range range, int by) => (range.Start.Value + by)..(range.End.Value + by);
}
