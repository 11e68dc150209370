namespace Sluice.Protocol;

/// <summary>What a client asks for, once <see cref="Handshake.Judge"/> found nothing wrong with it. It borrows the
/// bytes of the head. All text is the client's: checked for form, and for nothing else.</summary>
public readonly ref struct HandshakeRequest
{
    /// <summary>The path, as sent, not decoded.</summary>
    public ReadOnlySpan<byte> Path { get; internal init; }

    /// <summary>What follows the question mark, as sent. It may hold credentials: never log it.</summary>
    public ReadOnlySpan<byte> Query { get; internal init; }

    /// <summary>The host and perhaps the port that the client believes to talk to.</summary>
    public ReadOnlySpan<byte> Host { get; internal init; }

    /// <summary>Where the page came from; empty if the client is no browser.</summary>
    public ReadOnlySpan<byte> Origin { get; internal init; }

    /// <summary>Sec-WebSocket-Key.</summary>
    public ReadOnlySpan<byte> Key { get; internal init; }

    /// <summary>The subprotocols that the client speaks, the one it likes best first; distinct tokens.</summary>
    public ListElements Protocols => new(Headers, Handshake.ProtocolName);

    /// <summary>All header lines.</summary>
    public HeaderLines Headers { get; internal init; }
}

/// <summary>The elements of a comma-separated header, which may be spread over several lines (RFC 9110, 5.3).</summary>
public readonly ref struct ListElements
{
    private readonly HeaderLines _lines;
    private readonly ReadOnlySpan<byte> _name;

    internal ListElements(HeaderLines lines, ReadOnlySpan<byte> name)
    {
        _lines = lines;
        _name = name;
    }

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(_lines.GetEnumerator(), _name);

    /// <summary>Walks the elements in order.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _name;
        private HeaderLines.Enumerator _lines;
        private ReadOnlySpan<byte> _rest;
        private bool _more;

        internal Enumerator(HeaderLines.Enumerator lines, ReadOnlySpan<byte> name)
        {
            _lines = lines;
            _name = name;
        }

        /// <summary>The element, without the space around it.</summary>
        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>Goes to the next element.</summary>
        public bool MoveNext()
        {
            while (!_more)
            {
                if (!_lines.MoveNext())
                {
                    return false;
                }
                _more = _lines.Current.Is(_name);
                _rest = _lines.Current.Value;
            }
            int comma = _rest.IndexOf((byte)',');
            _more = comma >= 0;
            Current = Grammar.TrimSpace(_more ? _rest[..comma] : _rest);
            _rest = _rest[(comma + 1)..];
            return true;
        }
    }
}
