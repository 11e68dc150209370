namespace Sluice.Protocol;

/// <summary>The header lines of a complete head, in order; <c>foreach</c> gives names and values.</summary>
public readonly ref struct HeaderLines
{
    private readonly ReadOnlySpan<byte> _bytes;

    internal HeaderLines(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(_bytes);

    /// <summary>Walks lines that <see cref="HeaderScanner"/> has found well-formed.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> bytes) => _rest = bytes;

        /// <summary>The line.</summary>
        public HeaderLine Current { get; private set; }

        /// <summary>Goes to the next line.</summary>
        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }
            int end = _rest.IndexOf("\r\n"u8);
            ReadOnlySpan<byte> line = _rest[..end];
            _rest = _rest[(end + 2)..];
            int colon = line.IndexOf((byte)':');
            Current = new(line[..colon], Grammar.TrimSpace(line[(colon + 1)..]));
            return true;
        }
    }
}

/// <summary>One header line.</summary>
public readonly ref struct HeaderLine
{
    internal HeaderLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Name = name;
        Value = value;
    }

    /// <summary>A token, as the peer spelled it.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Without the space around it.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Whether this is the header of that name, whatever its case.</summary>
    public bool Is(ReadOnlySpan<byte> name) => Grammar.Is(Name, name);
}
