namespace Sluice.Loop;

/// <summary>Something to be done on a loop, posted by whoever wants it done.</summary>
/// <remarks>A message is one object for its whole way: a request often travels back as its own answer. It is in at
/// most one mailbox at a time.</remarks>
public abstract class LoopMessage
{
    internal LoopMessage? Following;

    /// <summary>Does it, on the loop's thread.</summary>
    public abstract void Run();
}

/// <summary>What other threads ask of a loop: many post, one drains, first in first out for each poster.</summary>
/// <remarks>Posting pushes onto a stack with one compare-and-swap; draining takes the whole stack and turns it round.
/// So there is no lock, and no bound: whoever posts must have a bound of its own (a credit, a command limit).</remarks>
public sealed class Mailbox
{
    private LoopMessage? _posted; // newest first; shared
    private LoopMessage? _taken; // oldest first; the loop's

    /// <summary>Whether a drain would find something.</summary>
    public bool IsEmpty => _taken is null && Volatile.Read(ref _posted) is null;

    /// <summary>Adds a message. Any thread.</summary>
    /// <returns>True when the mailbox had nothing posted: then, and only then, the loop must be woken.</returns>
    public bool Post(LoopMessage message)
    {
        while (true)
        {
            LoopMessage? newest = Volatile.Read(ref _posted);
            message.Following = newest;
            if (Interlocked.CompareExchange(ref _posted, message, newest) == newest)
            {
                return newest is null;
            }
        }
    }

    /// <summary>Takes the oldest message. Only the loop.</summary>
    public bool TryTake(out LoopMessage message)
    {
        if (_taken is null)
        {
            TurnRound(Interlocked.Exchange(ref _posted, null));
        }
        if (_taken is null)
        {
            message = null!;
            return false;
        }
        message = _taken;
        _taken = message.Following;
        message.Following = null;
        return true;
    }

    private void TurnRound(LoopMessage? newest)
    {
        while (newest is not null)
        {
            LoopMessage? older = newest.Following;
            newest.Following = _taken;
            _taken = newest;
            newest = older;
        }
    }
}
