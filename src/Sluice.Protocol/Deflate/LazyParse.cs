namespace Sluice.Protocol;

/// <summary>Takes a message apart into literals and matches. A match is put off by a byte where a longer one begins there.</summary>
internal ref struct LazyParse
{
    // A longer match is taken without a look at the next byte's.
    private const int LazyBytesMax = 16;

    private readonly MatchFinder _finder;
    private readonly ReadOnlySpan<byte> _message;
    private int _at;
    private bool _isOpen; // the byte before, or the match that begins with it, is in no block yet
    private int _length; // of that match; 0: there is none
    private int _distance;

    internal LazyParse(MatchFinder finder, ReadOnlySpan<byte> message)
    {
        _finder = finder;
        _message = message;
    }

    /// <summary>Makes the next block.</summary>
    /// <returns>False at the end of the message.</returns>
    internal bool Fill(TokenBlock block)
    {
        block.Clear();
        while (_at < _message.Length && !block.IsFull)
        {
            int candidate = _finder.Insert(_at);
            int distance = 0;
            int length = _length < LazyBytesMax ? _finder.Find(_at, candidate, _length, out distance) : 0;
            if (_length > 0 && length == 0)
            {
                block.AddMatch(_length, _distance);
                Pass(_length - 1);
            }
            else
            {
                Close(block);
                (_isOpen, _length, _distance) = (true, length, distance);
                _at++;
            }
        }
        if (!block.IsFull)
        {
            Close(block);
        }
        return block.Bytes > 0;
    }

    // The byte before becomes a literal. At the end no match begins with it, since it would not fit.
    private void Close(TokenBlock block)
    {
        if (_isOpen)
        {
            block.AddLiteral(_message[_at - 1]);
            _isOpen = false;
        }
    }

    // The bytes of a match are matched no more, but what comes later may match them.
    private void Pass(int count)
    {
        int end = _at + count;
        while (++_at < end)
        {
            _finder.Insert(_at);
        }
        (_isOpen, _length) = (false, 0);
    }
}
