namespace Sluice.Protocol;

/// <summary>What a parser of a head says.</summary>
public enum HeadStatus : byte
{
    /// <summary>So far, so good.</summary>
    NeedMore,

    /// <summary>The head is there, and well-formed.</summary>
    Complete,

    /// <summary>It is not HTTP/1.1 as this library accepts it, or larger than allowed.</summary>
    Refused,
}

/// <summary>How large a head may be.</summary>
public sealed record HttpHeadLimits
{
    /// <summary>The defaults.</summary>
    public static HttpHeadLimits Default { get; } = new();

    /// <summary>The head with its start line and its last CRLF, 65,535 at most; a longer one is refused by 431.</summary>
    public int HeadBytesMax { get; init; } = 8 * 1024;

    /// <summary>Header lines; more are refused by 431.</summary>
    public int HeadersMax { get; init; } = 100;

    /// <summary>The request target; a longer one is refused by 414.</summary>
    public int TargetBytesMax { get; init; } = 4 * 1024;
}

/// <summary>The head of an HTTP/1.1 request, read in one pass that can be resumed at any byte.</summary>
/// <remarks>It holds where it is, not what it read: the bytes stay with the caller, who presents all of them each time,
/// in the same order, with more at the end. No byte is looked at twice, so a head that comes byte by byte costs no
/// more than one that comes whole. It decides what is well-formed; <see cref="Handshake.Judge"/> decides what it means.</remarks>
public struct HttpHead
{
    private const int VersionBytes = 10;

    private ushort _at;
    private ushort _methodLength;
    private ushort _targetLength;
    private ushort _headersAt;
    private ushort _refusal;
    private HeaderScanner _headers;
    private Stage _stage;

    private enum Stage : byte
    {
        Method,
        Target,
        Version,
        Headers,
    }

    /// <summary>How many bytes the complete head takes; what follows are the first frames.</summary>
    public readonly int Length => _at;

    /// <summary>Which status refuses it, when refused.</summary>
    public readonly int RefusalStatus => _refusal;

    /// <summary>Whether it is complete and well-formed.</summary>
    public readonly bool Complete => _headers.Complete;

    /// <summary>Reads on.</summary>
    /// <param name="bytes">All bytes from the head's first.</param>
    /// <param name="limits">How large it may be.</param>
    public HeadStatus Parse(ReadOnlySpan<byte> bytes, HttpHeadLimits limits)
    {
        Invariant.Check(limits.HeadBytesMax <= ushort.MaxValue, "Positions in a head are 16 bits.");
        if (_refusal == 0 && !Complete)
        {
            _refusal = (ushort)Scan(bytes[..Math.Min(bytes.Length, limits.HeadBytesMax)], limits);
        }
        return _refusal != 0 ? HeadStatus.Refused : Complete ? HeadStatus.Complete : HeadStatus.NeedMore;
    }

    /// <summary>The request method.</summary>
    public readonly ReadOnlySpan<byte> Method(ReadOnlySpan<byte> bytes) => bytes[.._methodLength];

    /// <summary>Whether it asks by HEAD, even if it was refused after that: then its answer has no body.</summary>
    public readonly bool IsHead(ReadOnlySpan<byte> bytes) => Method(bytes).SequenceEqual("HEAD"u8);

    /// <summary>The request target, as sent.</summary>
    public readonly ReadOnlySpan<byte> Target(ReadOnlySpan<byte> bytes) => bytes.Slice(_methodLength + 1, _targetLength);

    /// <summary>The header lines of a complete head.</summary>
    public readonly HeaderLines Headers(ReadOnlySpan<byte> bytes)
    {
        Invariant.Check(Complete, "The header lines of a head are read when it is complete.");
        return new(bytes[_headersAt..(_at - 2)]);
    }

    private int Scan(ReadOnlySpan<byte> bytes, HttpHeadLimits limits)
    {
        int refusal = ScanRequestLine(bytes, limits.TargetBytesMax);
        if (refusal == 0 && _stage == Stage.Headers)
        {
            refusal = _headers.Scan(bytes, ref _at, limits.HeadersMax);
        }
        bool full = bytes.Length == limits.HeadBytesMax && !Complete;
        return refusal == 0 && full ? 431 : refusal;
    }

    private int ScanRequestLine(ReadOnlySpan<byte> bytes, int targetBytesMax)
    {
        if (_stage == Stage.Method)
        {
            int length = bytes[_at..].IndexOfAnyExcept(Grammar.TokenBytes);
            _at = (ushort)(length < 0 ? bytes.Length : _at + length);
            if (length < 0)
            {
                return 0;
            }
            if (_at == 0 || bytes[_at] != ' ')
            {
                return 400;
            }
            _methodLength = _at++;
            _stage = Stage.Target;
        }
        if (_stage == Stage.Target)
        {
            int length = bytes[_at..].IndexOfAnyExcept(Grammar.TargetBytes);
            _at = (ushort)(length < 0 ? bytes.Length : _at + length);
            int target = _at - _methodLength - 1;
            if (target > targetBytesMax)
            {
                return 414;
            }
            if (length < 0)
            {
                return 0;
            }
            if (target == 0 || bytes[_at] != ' ')
            {
                return 400;
            }
            _targetLength = (ushort)target;
            _at++;
            _stage = Stage.Version;
        }
        return _stage == Stage.Version ? ScanVersion(bytes[_at..]) : 0;
    }

    private int ScanVersion(ReadOnlySpan<byte> rest)
    {
        int same = rest.CommonPrefixLength("HTTP/1.1\r\n"u8);
        if (same == VersionBytes)
        {
            _at += VersionBytes;
            _headersAt = _at;
            _stage = Stage.Headers;
            return 0;
        }
        if (same == rest.Length)
        {
            return 0;
        }
        // "HTTP/" is there and the digits are others: another version, not another protocol.
        return same is >= 5 and <= 7 ? 505 : 400;
    }
}
