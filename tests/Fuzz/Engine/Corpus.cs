namespace Sluice.Fuzz;

/// <summary>The inputs that are worth mutating: for every feature ever taken the shortest input that takes it.</summary>
/// <remarks>An input that is the shortest for nothing any more leaves, so the corpus stays small by itself.</remarks>
internal sealed class Corpus
{
    private readonly Entry?[] _owners = new Entry?[Coverage.FeaturesMax];
    private readonly List<Entry> _entries = [];
    private readonly HashSet<int> _edges = [];

    /// <summary>How many inputs there are.</summary>
    public int Count => _entries.Count;

    /// <summary>How many edges all inputs together took.</summary>
    public int Edges => _edges.Count;

    /// <summary>The inputs, in the order in which they were found.</summary>
    public IEnumerable<byte[]> Inputs => _entries.Select(static entry => entry.Input);

    /// <summary>Takes an input in if it takes something that none did, or that only longer ones did.</summary>
    public void Offer(ReadOnlySpan<byte> input, List<int> features)
    {
        Entry? entry = null;
        foreach (int feature in features)
        {
            Entry? owner = _owners[feature];
            if (owner is not null && owner.Input.Length <= input.Length)
            {
                continue;
            }
            entry ??= new Entry(input.ToArray());
            _owners[feature] = entry;
            entry.Owned++;
            if (owner is null)
            {
                _edges.Add(Coverage.EdgeOf(feature));
            }
            else if (--owner.Owned == 0)
            {
                _entries.Remove(owner);
            }
        }
        if (entry is not null)
        {
            _entries.Add(entry);
        }
    }

    /// <summary>One of the inputs, half of the time one of the newest.</summary>
    public byte[] Pick(Dice dice)
    {
        int newest = Math.Max(1, _entries.Count / 8);
        int from = dice.Below(2) == 0 ? _entries.Count - newest : 0;
        return _entries[from + dice.Below(_entries.Count - from)].Input;
    }

    private sealed class Entry(byte[] input)
    {
        public readonly byte[] Input = input;
        public int Owned;
    }
}
