namespace Sluice.Simulator;

/// <summary>Whoever has something to do later.</summary>
internal interface IActor
{
    /// <summary>The moment has come.</summary>
    /// <param name="what">A number of the actor's own, as given to <see cref="Agenda.Add"/>.</param>
    /// <param name="argument">Likewise.</param>
    void Act(int what, long argument);
}

/// <summary>What will happen, by time, and at the same time in the order in which it was entered.</summary>
internal sealed class Agenda
{
    private readonly PriorityQueue<Entry, Moment> _entries = new();
    private long _order;

    private readonly record struct Entry(IActor Actor, int What, long Argument);

    private readonly record struct Moment(long At, long Order) : IComparable<Moment>
    {
        public int CompareTo(Moment other) => At != other.At ? At.CompareTo(other.At) : Order.CompareTo(other.Order);
    }

    /// <summary>When the next one is due; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextAt => _entries.TryPeek(out _, out Moment moment) ? moment.At : long.MaxValue;

    public void Add(long at, IActor actor, int what, long argument = 0) =>
        _entries.Enqueue(new Entry(actor, what, argument), new Moment(at, _order++));

    /// <summary>Does the next one.</summary>
    public void RunNext()
    {
        Entry entry = _entries.Dequeue();
        entry.Actor.Act(entry.What, entry.Argument);
    }
}
