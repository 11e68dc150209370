using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>A topic on one loop: its subscribers there, and the one message by which they are brought what is new.</summary>
/// <remarks>The message is the loop's credit: it carries what the owner's log has, comes back when the subscribers' audience has taken
/// all of it, and only then fetches more. So neither mailbox grows. What is carried belongs to whichever loop the message is at.</remarks>
internal sealed class TopicShare(Topic topic, ServerLoop owner, ServerLoop loop) : LoopMessage
{
    private readonly Audience _audience = new(loop.Loop);
    private readonly List<SharedMessage> _carried = [];
    private int _delivered; // how many of them
    private bool _isOutward;
    private int _count;

    /// <summary>What it fetches next from the owner's log; null while the owner has not seen it. The owner's.</summary>
    internal ulong? Position { get; set; }

    /// <summary>Whether it is under way. The owner's.</summary>
    internal bool IsAway { get; set; }

    /// <summary>How many subscribers there are. Any thread.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Sets out from the owner.</summary>
    internal void Carry(ReadOnlySpan<SharedMessage> messages, ServerLoop from)
    {
        IsAway = true;
        _isOutward = true;
        _carried.AddRange(messages);
        from.Loop.PostTo(loop.Loop, this);
    }

    public override void Run()
    {
        if (!_isOutward)
        {
            topic.Returned(owner, this);
            return;
        }
        while (_delivered < _carried.Count && _audience.Publish(_carried[_delivered]))
        {
            _delivered++;
        }
        if (_delivered < _carried.Count)
        {
            loop.Loop.PostTo(loop.Loop, this); // the audience has enough to do; it is asked again after its next quantum
            return;
        }
        _carried.Clear();
        _delivered = 0;
        _isOutward = false;
        loop.Loop.PostTo(owner.Loop, this);
    }

    internal bool Add(Handle socket)
    {
        bool isNew = _audience.Add(socket);
        Volatile.Write(ref _count, _audience.Count);
        return isNew;
    }

    internal bool Remove(Handle socket)
    {
        bool wasThere = _audience.Remove(socket);
        Volatile.Write(ref _count, _audience.Count);
        return wasThere;
    }
}
