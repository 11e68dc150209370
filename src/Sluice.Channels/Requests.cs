using System.Text.Json;
using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>Something asked of a channel's owner. The same object brings the answer.</summary>
public abstract class ChannelRequest : LoopMessage
{
    /// <summary>The channel's name.</summary>
    public required string Channel { get; init; }

    /// <summary>What its namespace keeps and allows.</summary>
    public required ChannelOptions Options { get; init; }

    /// <summary>Who is told of the answer.</summary>
    public required IAsker Asker { get; init; }

    /// <summary>The asking session, if one asked.</summary>
    public Handle Session { get; init; }

    /// <summary>The asking command's id.</summary>
    public uint CommandId { get; init; }

    /// <summary>The answer, if it is a refusal.</summary>
    public CommandError Error { get; internal set; }

    internal ChannelOwner? Owner { get; set; }

    internal Hub? AnswerTo { get; set; }

    /// <inheritdoc/>
    public override void Run()
    {
        if (AnswerTo is { } hub)
        {
            hub.Answer(this);
            return;
        }
        Execute(Owner!);
        Asker.Answered(this);
    }

    internal abstract void Execute(ChannelOwner owner);
}

/// <summary>Appends a publication.</summary>
public sealed class PublishRequest : ChannelRequest
{
    /// <summary>The payload: one JSON value without raw newlines.</summary>
    public required byte[] Data { get; init; }

    /// <summary>A JSON object of strings, or null.</summary>
    public byte[]? Tags { get; init; }

    /// <summary>Who published, if a client did.</summary>
    public ClientInfo? Publisher { get; init; }

    /// <summary>Whether it is only for those who are there: no offset, no history.</summary>
    public bool SkipsHistory { get; init; }

    /// <summary>The answer: where it is in the log; offset 0 if it is not kept.</summary>
    public Position Position { get; internal set; }

    internal override void Execute(ChannelOwner owner) => owner.Publish(this);
}

/// <summary>Reads kept publications.</summary>
public sealed class HistoryRequest : ChannelRequest
{
    /// <summary>How many at most; 0: only the position.</summary>
    public required int Limit { get; init; }

    /// <summary>How many bytes of publications at most (one is given in any case).</summary>
    public required int BytesMax { get; init; }

    /// <summary>Exclusive; null: from the beginning, or in reverse from the end.</summary>
    public Position? Since { get; init; }

    /// <summary>Newest first.</summary>
    public bool Reverse { get; init; }

    /// <summary>The answer: the publications.</summary>
    public IReadOnlyList<Entry> Publications { get; internal set; } = [];

    /// <summary>The answer: where the log ends.</summary>
    public Position Top { get; internal set; }

    /// <summary>Writes the answer's fields as the JSON wire and the HTTP API have them.</summary>
    public void WriteTo(Utf8JsonWriter writer) => ReplyEncoder.WriteHistory(new JsonFields(writer), this, new PublicationEncoder(WireFormat.Json));

    internal override void Execute(ChannelOwner owner) => owner.ReadHistory(this);
}

/// <summary>Reads who is in a channel.</summary>
public sealed class PresenceRequest : ChannelRequest
{
    /// <summary>Whether the numbers suffice.</summary>
    public bool OnlyCounts { get; init; }

    /// <summary>The answer: the connections, unless only numbers were asked for.</summary>
    public IReadOnlyCollection<ClientInfo> Clients { get; internal set; } = [];

    /// <summary>The answer: how many connections.</summary>
    public int ClientCount { get; internal set; }

    /// <summary>The answer: how many different users.</summary>
    public int UserCount { get; internal set; }

    /// <summary>Writes the answer's fields as the JSON wire and the HTTP API have them.</summary>
    public void WriteTo(Utf8JsonWriter writer) => ReplyEncoder.WritePresence(new JsonFields(writer), this);

    internal override void Execute(ChannelOwner owner) => owner.ReadPresence(this);
}

/// <summary>A connection came or left. The answer only says that it is known.</summary>
public sealed class PresenceChange : ChannelRequest
{
    /// <summary>Which connection.</summary>
    public required ClientInfo Client { get; init; }

    /// <summary>Came, or left.</summary>
    public required bool Joined { get; init; }

    internal override void Execute(ChannelOwner owner) => owner.ChangePresence(this);
}
