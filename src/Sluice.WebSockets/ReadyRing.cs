namespace Sluice.WebSockets;

/// <summary>Descriptors that have something to deliver, first in first out.</summary>
internal sealed class ReadyRing
{
    private int[] _descriptors = new int[256];
    private int _head;

    internal int Count { get; private set; }

    internal void Add(int descriptor)
    {
        if (Count == _descriptors.Length)
        {
            Grow();
        }
        _descriptors[(_head + Count) & (_descriptors.Length - 1)] = descriptor;
        Count++;
    }

    internal int Take()
    {
        int descriptor = _descriptors[_head];
        _head = (_head + 1) & (_descriptors.Length - 1);
        Count--;
        return descriptor;
    }

    private void Grow()
    {
        int[] larger = new int[_descriptors.Length * 2];
        _descriptors.AsSpan(_head).CopyTo(larger);
        _descriptors.AsSpan(0, _head).CopyTo(larger.AsSpan(_descriptors.Length - _head));
        _descriptors = larger;
        _head = 0;
    }
}
