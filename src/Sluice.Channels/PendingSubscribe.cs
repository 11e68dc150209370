using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>A subscribe command that waits for its mirror to get as far as it needs.</summary>
/// <param name="hub">Where it waits.</param>
/// <param name="mirror">Which.</param>
/// <param name="subscription">Its row.</param>
/// <param name="commandId">Whose reply is owed.</param>
/// <param name="recovery">What it asked about recovery.</param>
internal sealed class PendingSubscribe(Hub hub, Mirror mirror, Handle subscription, uint commandId, RecoveryRequest recovery) : LoopMessage, IAsker
{
    public Mirror Mirror => mirror;

    public Handle Subscription => subscription;

    public uint CommandId => commandId;

    public RecoveryRequest Recovery => recovery;

    /// <summary>Whether the owner has been asked where its log ends.</summary>
    public bool AsksOwner { get; set; }

    /// <summary>The owner's answer, once it has arrived on this loop.</summary>
    public Position? OwnersTop { get; private set; }

    private HistoryRequest? _answer; // written on the owner's loop, read after the mailbox has brought it here

    public void Answered(ChannelRequest request)
    {
        _answer = (HistoryRequest)request;
        request.Owner!.Loop.PostTo(hub.Loop, this);
    }

    public override void Run()
    {
        OwnersTop = _answer!.Top;
        hub.Continue(this);
    }
}

/// <summary>What a subscribe command asks about recovery.</summary>
/// <param name="Asked">Whether it asks at all.</param>
/// <param name="Since">The position it has.</param>
/// <param name="RefusalWanted">Whether failing must be an error instead of a fresh subscription.</param>
internal readonly record struct RecoveryRequest(bool Asked, Position Since, bool RefusalWanted);
