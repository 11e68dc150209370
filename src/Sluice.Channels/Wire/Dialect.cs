namespace Sluice.Channels.Wire;

/// <summary>One format as a loop speaks it: its reader and its writers.</summary>
internal sealed class Dialect
{
    public Dialect(WireFormat format)
    {
        Format = format;
        Commands = format == WireFormat.Json ? new JsonCommands() : new ProtobufCommands();
        Replies = NewReplies();
        Aside = NewReplies();
        Publications = new PublicationEncoder(format);
    }

    public WireFormat Format { get; }

    public ICommandReader Commands { get; }

    /// <summary>Replies to the message that is being handled.</summary>
    public ReplyEncoder Replies { get; }

    /// <summary>Anything else. Begun by <see cref="BeginAside"/>.</summary>
    public ReplyEncoder Aside { get; }

    /// <summary>For entries that their owner has not encoded in this format.</summary>
    public PublicationEncoder Publications { get; }

    /// <summary>Begins another message aside. It is cleared here, not once sent: sending may lead to the next one, which must not repeat it.</summary>
    public ReplyEncoder BeginAside()
    {
        Aside.Clear();
        return Aside;
    }

    private ReplyEncoder NewReplies() => new(Format == WireFormat.Json ? new JsonMessages() : new ProtobufMessages());
}
