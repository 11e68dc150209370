using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Reusable objects found by a number from 1 on, so that a row names one in four bytes and 0 means none.</summary>
/// <param name="sparesMax">How many are kept for the next ones; what is returned beyond it is let go.</param>
internal sealed class Pool<T>(int sparesMax)
    where T : class, new()
{
    private readonly List<T?> _items = [];
    private readonly Stack<int> _spare = new(); // with an object
    private readonly Stack<int> _empty = new(); // without one

    public int RentedCount => _items.Count - _spare.Count - _empty.Count;

    public T this[int number] => _items[number - 1]!;

    public int Rent()
    {
        if (_spare.TryPop(out int number))
        {
            return number;
        }
        if (_empty.TryPop(out number))
        {
            _items[number - 1] = new T();
            return number;
        }
        _items.Add(new T());
        return _items.Count;
    }

    public void Return(int number)
    {
        if (_spare.Count >= sparesMax)
        {
            LetGo(number);
            return;
        }
        Invariant.Check(number > 0 && number <= _items.Count && _items[number - 1] is not null, "what is returned was rented");
        _spare.Push(number);
    }

    /// <summary>Returns the number, but lets the object go: somebody may still be reading it.</summary>
    public void LetGo(int number)
    {
        Invariant.Check(_items[number - 1] is not null, "what is returned was rented");
        _items[number - 1] = null;
        _empty.Push(number);
    }
}
