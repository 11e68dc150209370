using System.Buffers;

namespace Sluice.Protocol;

/// <summary>What the first bytes of a connection tell.</summary>
public enum RequestLineStatus : byte
{
    /// <summary>Not decided. What is known of the path is given; if none that is served begins so, it is decided.</summary>
    NeedMore,

    /// <summary>An HTTP/1 request line, well-formed or not, for this path.</summary>
    Path,

    /// <summary>No HTTP/1 request line with a path: TLS, HTTP/2, <c>OPTIONS *</c>, or noise.</summary>
    Foreign,
}

/// <summary>Finds the path in the first bytes of a connection, to decide who serves it.</summary>
/// <remarks>Lax on purpose: a malformed request for a path that we serve is ours to refuse, lest another parser
/// accept it. Who serves the path then parses strictly.</remarks>
public static class RequestLine
{
    private const int BlankBytesMax = 16;
    private const int MethodBytesMax = 64;
    private const int SchemeBytesMax = 16;
    private const int AuthorityBytesMax = 320;
    private const int PathBytesMax = 1024;

    private static readonly SearchValues<byte> s_authorityEnds = SearchValues.Create("/?# \t\r\n"u8);
    private static readonly SearchValues<byte> s_pathEnds = SearchValues.Create("?# \t\r\n"u8);

    /// <summary>Within so many bytes it is decided.</summary>
    public const int BytesMax = BlankBytesMax + MethodBytesMax + BlankBytesMax + SchemeBytesMax + AuthorityBytesMax + PathBytesMax + 8;

    /// <summary>Looks for the path.</summary>
    /// <param name="firstBytes">All that arrived so far, from the connection's first byte.</param>
    /// <param name="path">The path, up to a query, a fragment, a space or the end of the line; as sent, not decoded.
    /// With <see cref="RequestLineStatus.NeedMore"/> its beginning, or nothing.</param>
    public static RequestLineStatus TryReadPath(ReadOnlySpan<byte> firstBytes, out ReadOnlySpan<byte> path)
    {
        path = default;
        ReadOnlySpan<byte> rest = firstBytes;
        // Each step goes past what it reads, or says that it is not there yet, or that it is something else.
        RequestLineStatus status = SkipBlank(ref rest, "\r\n"u8);
        if (status == RequestLineStatus.Path)
        {
            status = SkipMethod(ref rest);
        }
        if (status == RequestLineStatus.Path)
        {
            status = SkipBlank(ref rest, " \t"u8);
        }
        if (status == RequestLineStatus.Path && rest[0] != '/')
        {
            status = SkipOrigin(ref rest);
        }
        return status == RequestLineStatus.Path ? TakePath(rest, out path) : status;
    }

    private static RequestLineStatus SkipBlank(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> blank)
    {
        int length = rest.IndexOfAnyExcept(blank);
        if (length < 0)
        {
            return rest.Length > BlankBytesMax ? RequestLineStatus.Foreign : RequestLineStatus.NeedMore;
        }
        rest = rest[length..];
        return length > BlankBytesMax ? RequestLineStatus.Foreign : RequestLineStatus.Path;
    }

    private static RequestLineStatus SkipMethod(ref ReadOnlySpan<byte> rest)
    {
        // A TLS record, or any other binary protocol.
        if (rest[0] < ' ')
        {
            return RequestLineStatus.Foreign;
        }
        int length = rest.IndexOfAny(" \t\r\n"u8);
        if (length < 0)
        {
            return rest.Length > MethodBytesMax ? RequestLineStatus.Foreign : RequestLineStatus.NeedMore;
        }
        if (length > MethodBytesMax || rest[length] is (byte)'\r' or (byte)'\n')
        {
            return RequestLineStatus.Foreign;
        }
        rest = rest[length..];
        return RequestLineStatus.Path;
    }

    // The absolute form, "http://host/path".
    private static RequestLineStatus SkipOrigin(ref ReadOnlySpan<byte> rest)
    {
        int colon = rest.IndexOf((byte)':');
        ReadOnlySpan<byte> scheme = colon < 0 ? rest : rest[..colon];
        if (scheme.Length > SchemeBytesMax || scheme.IsEmpty || scheme.ContainsAnyExceptInRange((byte)'A', (byte)'z'))
        {
            return RequestLineStatus.Foreign;
        }
        if (colon < 0)
        {
            return RequestLineStatus.NeedMore;
        }
        ReadOnlySpan<byte> after = rest[colon..];
        int slashes = after.CommonPrefixLength("://"u8);
        if (slashes < 3)
        {
            return slashes == after.Length ? RequestLineStatus.NeedMore : RequestLineStatus.Foreign;
        }
        ReadOnlySpan<byte> authority = after[3..];
        int end = authority.IndexOfAny(s_authorityEnds);
        if (end < 0)
        {
            return authority.Length > AuthorityBytesMax ? RequestLineStatus.Foreign : RequestLineStatus.NeedMore;
        }
        if (end > AuthorityBytesMax || authority[end] != '/')
        {
            return RequestLineStatus.Foreign;
        }
        rest = authority[end..];
        return RequestLineStatus.Path;
    }

    private static RequestLineStatus TakePath(ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> path)
    {
        int length = rest.IndexOfAny(s_pathEnds);
        path = length < 0 ? rest : rest[..length];
        return path.Length > PathBytesMax ? RequestLineStatus.Foreign
            : length < 0 ? RequestLineStatus.NeedMore
            : RequestLineStatus.Path;
    }
}
