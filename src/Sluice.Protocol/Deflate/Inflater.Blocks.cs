namespace Sluice.Protocol;

// Everything about a block but its symbols: headers, stored bytes, and the codes of a dynamic block.
public sealed partial class Inflater
{
    // The longest code of a length, and the extra bits of the longest repetition.
    private const int CodeLengthBitsMax = DeflateFormat.CodeLengthBitsMax + 7;

    private readonly byte[] _codeLengths = new byte[DeflateFormat.LiteralSymbols + DeflateFormat.DistanceSymbols];
    private readonly DecodeTable _codeLengthTable = DecodeTable.OfCodeLengths();
    private readonly DecodeTable _dynamicLiterals = DecodeTable.OfLiterals();
    private readonly DecodeTable _dynamicDistances = DecodeTable.OfDistances();
    private int _literalCount;
    private int _distanceCount;
    private int _codeLengthCount;
    private int _codeLengthsRead;
    private int _left; // bytes of a stored block or of a match that are still to be copied

    private bool TakeBlockHeader(ref BitReader reader)
    {
        if (!reader.Has(3))
        {
            return false;
        }
        _final = reader.Take(1) != 0;
        switch ((BlockType)reader.Take(2))
        {
            case BlockType.Stored:
                reader.AlignToByte();
                _state = State.StoredLength;
                return true;
            case BlockType.Fixed:
                _literals = DecodeTable.FixedLiterals;
                _distances = DecodeTable.FixedDistances;
                _state = State.Symbols;
                return true;
            case BlockType.Dynamic:
                _state = State.CodeCounts;
                return true;
            default:
                return Break();
        }
    }

    // The last block of a stream is not the last of a message: what follows begins with a byte, and may look back as before.
    private void EndBlock(ref BitReader reader)
    {
        if (_final)
        {
            reader.AlignToByte();
        }
        _state = State.BlockHeader;
    }

    private bool TakeStoredLength(ref BitReader reader)
    {
        if (!reader.Has(32))
        {
            return false;
        }
        _left = reader.Take(16);
        if (reader.Take(16) != (_left ^ 0xFFFF))
        {
            return Break();
        }
        _state = State.Stored;
        return true;
    }

    private bool TakeStored(ref BitReader reader)
    {
        for (; _left > 0 && reader.Count > 0 && _at < _stepEnd; _left--)
        {
            _buffer[_at++] = (byte)reader.Take(8);
        }
        if (reader.Count == 0)
        {
            ReadOnlySpan<byte> rest = reader.Rest;
            int count = Math.Min(Math.Min(_left, rest.Length), _stepEnd - _at);
            rest[..count].CopyTo(_buffer.AsSpan(_at));
            reader.At += count;
            _at += count;
            _left -= count;
        }
        if (_left > 0)
        {
            return false;
        }
        EndBlock(ref reader);
        return true;
    }

    private bool TakeCodeCounts(ref BitReader reader)
    {
        if (!reader.Has(14))
        {
            return false;
        }
        _literalCount = reader.Take(5) + DeflateFormat.FirstLengthSymbol;
        _distanceCount = reader.Take(5) + 1;
        _codeLengthCount = reader.Take(4) + 4;
        if (_literalCount > DeflateFormat.LiteralSymbols || _distanceCount > DeflateFormat.DistanceSymbols)
        {
            return Break();
        }
        _codeLengths.AsSpan(0, DeflateFormat.CodeLengthSymbols).Clear();
        _codeLengthsRead = 0;
        _state = State.CodeLengthLengths;
        return true;
    }

    private bool TakeCodeLengthLengths(ref BitReader reader)
    {
        for (; _codeLengthsRead < _codeLengthCount; _codeLengthsRead++)
        {
            if (!reader.Has(3))
            {
                return false;
            }
            _codeLengths[DeflateFormat.CodeLengthOrder[_codeLengthsRead]] = (byte)reader.Take(3);
        }
        if (!_codeLengthTable.Build(_codeLengths.AsSpan(0, DeflateFormat.CodeLengthSymbols)) || !_codeLengthTable.IsComplete)
        {
            return Break();
        }
        _codeLengthsRead = 0;
        _state = State.CodeLengths;
        return true;
    }

    private bool TakeCodeLengths(ref BitReader reader)
    {
        while (_codeLengthsRead < _literalCount + _distanceCount)
        {
            if (reader.Count < CodeLengthBitsMax)
            {
                reader.Fill();
            }
            DecodeEntry entry = _codeLengthTable.Find(reader.Bits, out _);
            if (entry.Bits > reader.Count)
            {
                return false;
            }
            if (entry.Value < DeflateFormat.RepeatPrevious)
            {
                _codeLengths[_codeLengthsRead++] = (byte)entry.Value;
            }
            else if (!RepeatCodeLength(entry.Value, entry.Extra(reader.Bits)))
            {
                return Break();
            }
            reader.Drop(entry.Bits);
        }
        ReadOnlySpan<byte> literals = _codeLengths.AsSpan(0, _literalCount);
        ReadOnlySpan<byte> distances = _codeLengths.AsSpan(_literalCount, _distanceCount);
        if (literals[DeflateFormat.EndOfBlock] == 0 || !_dynamicLiterals.Build(literals) || !_dynamicDistances.Build(distances))
        {
            return Break();
        }
        _literals = _dynamicLiterals;
        _distances = _dynamicDistances;
        _state = State.Symbols;
        return true;
    }

    private bool RepeatCodeLength(int symbol, int extra)
    {
        int count = DeflateFormat.RepeatStart[symbol - DeflateFormat.RepeatPrevious] + extra;
        bool repeatsPrevious = symbol == DeflateFormat.RepeatPrevious;
        if (count > _literalCount + _distanceCount - _codeLengthsRead || (repeatsPrevious && _codeLengthsRead == 0))
        {
            return false;
        }
        _codeLengths.AsSpan(_codeLengthsRead, count).Fill(repeatsPrevious ? _codeLengths[_codeLengthsRead - 1] : (byte)0);
        _codeLengthsRead += count;
        return true;
    }
}
