namespace Sluice.Loop;

/// <summary>The loops of a process, between which accepted sockets are dealt in turn.</summary>
/// <remarks>None of them stops while somebody may be on his way to it: the loop that accepts says at its shutdown who was the last, and
/// its word comes to each loop behind everybody that was dealt to it.</remarks>
public sealed class LoopGroup
{
    private readonly IReadOnlyList<EventLoop> _loops;
    private readonly Dealer[] _dealers;
    private int _next;

    /// <summary>Makes a group, before the first turn of any of its loops.</summary>
    /// <param name="loops">All of them; the first owns the listener, and counts the connections of each address.</param>
    public LoopGroup(IReadOnlyList<EventLoop> loops)
    {
        _loops = loops;
        _dealers = [.. loops.Select(loop => new Dealer(loops[0], loop))];
        foreach (EventLoop loop in loops.Skip(1))
        {
            loop.IsDealtBy(loops[0]);
        }
    }

    internal void Deal(Newcomer newcomer)
    {
        if (_loops[_next] == _loops[0])
        {
            _loops[0].Adopt(newcomer);
        }
        else
        {
            _dealers[_next].Send(newcomer);
        }
        _next = (_next + 1) % _loops.Count;
    }

    /// <summary>Whether it is this loop that deals, and somebody is left whom it has still to send.</summary>
    internal bool HasWaiting(EventLoop loop) => loop == _loops[0] && Array.Exists(_dealers, static dealer => dealer.HasWaiting);

    /// <summary>A loop begins its shutdown. If it is the one that deals, it does not do so any more.</summary>
    internal void EndDealing(EventLoop loop)
    {
        for (int i = 1; loop == _loops[0] && i < _dealers.Length; i++)
        {
            _dealers[i].Send(null);
        }
    }

    private sealed class Dealer(EventLoop from, EventLoop to) : Courier<Newcomer?>(from, to)
    {
        protected override void Deliver(EventLoop to, Newcomer? newcomer)
        {
            if (newcomer is { } somebody)
            {
                to.Adopt(somebody);
            }
            else
            {
                to.ExpectsNobody();
            }
        }
    }
}

/// <summary>An accepted socket on its way to its loop.</summary>
/// <param name="Socket">The system's number of it.</param>
/// <param name="Admission">How it is to be received.</param>
/// <param name="Place">What it has of its address's allowance.</param>
internal readonly record struct Newcomer(int Socket, Admission Admission, Place Place);
