namespace Sluice.Loop;

/// <summary>Things for another loop, in one message that goes to and fro: what comes up while it is away goes with its next trips.</summary>
/// <remarks>So none of them costs an object, and a loop that is behind is given them in bulk. <see cref="Send"/> is for the loop
/// at home; what is carried belongs to whichever loop the message is at.</remarks>
internal abstract class Courier<T>(EventLoop home, EventLoop destination) : LoopMessage
{
    private const int CarriedMax = 256;

    private readonly Queue<T> _waiting = new();
    private readonly List<T> _carried = [];
    private bool _isAway;
    private bool _isOutward;

    /// <summary>Whether something is left here until the next trip. At home.</summary>
    public bool HasWaiting => _waiting.Count > 0;

    /// <summary>Has a thing delivered, in order.</summary>
    public void Send(T thing)
    {
        _waiting.Enqueue(thing);
        Depart();
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (!_isOutward)
        {
            _isAway = false;
            Depart();
            return;
        }
        foreach (T thing in _carried)
        {
            Deliver(destination, thing);
        }
        _carried.Clear();
        _isOutward = false;
        destination.PostTo(home, this);
    }

    /// <summary>Gives one thing to the loop it is for, on that loop.</summary>
    protected abstract void Deliver(EventLoop to, T thing);

    private void Depart()
    {
        if (_isAway || _waiting.Count == 0)
        {
            return;
        }
        while (_carried.Count < CarriedMax && _waiting.TryDequeue(out T? thing))
        {
            _carried.Add(thing);
        }
        _isAway = _isOutward = true;
        home.PostTo(destination, this);
    }
}
