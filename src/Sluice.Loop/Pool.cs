using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Reusable objects found by a number from 1 on, so that a row names one in four bytes and 0 means none.</summary>
internal sealed class Pool<T>
    where T : class, new()
{
    private readonly List<T> _items = [];
    private readonly Stack<int> _spare = new();

    public int RentedCount => _items.Count - _spare.Count;

    public T this[int number] => _items[number - 1];

    public int Rent()
    {
        if (_spare.TryPop(out int number))
        {
            return number;
        }
        _items.Add(new T());
        return _items.Count;
    }

    public void Return(int number)
    {
        Invariant.Check(number > 0 && number <= _items.Count, "what is returned was rented");
        _spare.Push(number);
    }

    /// <summary>Returns the number, but lets the object go: somebody may still be reading it.</summary>
    public void Replace(int number)
    {
        _items[number - 1] = new T();
        _spare.Push(number);
    }
}
