namespace Sluice.Loop;

/// <summary>References beside the rows of a <see cref="Slab{T}"/>, at the same indexes: rows stay blittable, and what must be a
/// reference costs eight bytes a row, in pages.</summary>
public sealed class References<T>
    where T : class
{
    private const int PageBits = 8;

    private T?[][] _pages = [];

    /// <summary>The reference beside a row; null where none was set.</summary>
    public T? this[int index]
    {
        get => index >> PageBits < _pages.Length ? _pages[index >> PageBits][index & ((1 << PageBits) - 1)] : null;
        set
        {
            while (index >> PageBits >= _pages.Length)
            {
                Array.Resize(ref _pages, _pages.Length + 1);
                _pages[^1] = new T?[1 << PageBits];
            }
            _pages[index >> PageBits][index & ((1 << PageBits) - 1)] = value;
        }
    }
}
