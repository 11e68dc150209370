namespace Sluice.Protocol;

/// <summary>The head of an HTTP/1.1 response, read as <see cref="HttpHead"/> reads a request's.</summary>
public struct HttpResponseHead
{
    private ushort _at;
    private ushort _headersAt;
    private ushort _status;
    private HeaderScanner _headers;
    private bool _refused;

    /// <summary>How many bytes the complete head takes; what follows are the first frames, or a body.</summary>
    public readonly int Length => _at;

    /// <summary>The status, once its line was read.</summary>
    public readonly int Status => _status;

    /// <summary>Reads on.</summary>
    /// <param name="bytes">All bytes from the head's first.</param>
    /// <param name="limits">How large it may be.</param>
    public HeadStatus Parse(ReadOnlySpan<byte> bytes, HttpHeadLimits limits)
    {
        Invariant.Check(limits.HeadBytesMax <= ushort.MaxValue, "Positions in a head are 16 bits.");
        if (!_refused && !_headers.Complete)
        {
            ReadOnlySpan<byte> seen = bytes[..Math.Min(bytes.Length, limits.HeadBytesMax)];
            _refused = (_headersAt == 0 && !ScanStatusLine(seen))
                || (_headersAt != 0 && _headers.Scan(seen, ref _at, limits.HeadersMax) != 0)
                || (seen.Length == limits.HeadBytesMax && !_headers.Complete);
        }
        return _refused ? HeadStatus.Refused : _headers.Complete ? HeadStatus.Complete : HeadStatus.NeedMore;
    }

    /// <summary>The header lines of a complete head.</summary>
    public readonly HeaderLines Headers(ReadOnlySpan<byte> bytes)
    {
        Invariant.Check(_headers.Complete, "The header lines of a head are read when it is complete.");
        return new(bytes[_headersAt..(_at - 2)]);
    }

    // "HTTP/1.1" SP 3DIGIT SP [ reason ] CRLF
    private bool ScanStatusLine(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> version = "HTTP/1.1 "u8;
        int end = bytes[_at..].IndexOf((byte)'\n');
        if (end < 0)
        {
            _at = (ushort)bytes.Length;
            return true;
        }
        ReadOnlySpan<byte> line = bytes[..(_at + end)];
        _at += (ushort)(end + 1);
        _headersAt = _at;
        return line.Length > version.Length + 3
            && line.StartsWith(version)
            && line[^1] == '\r'
            && line[version.Length + 3] is (byte)' ' or (byte)'\r'
            && !line[..^1].ContainsAnyExcept(Grammar.FieldValueBytes)
            && ushort.TryParse(line.Slice(version.Length, 3), System.Globalization.NumberStyles.None, null, out _status);
    }
}
