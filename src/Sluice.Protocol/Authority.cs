using System.Buffers;
using System.Net;

namespace Sluice.Protocol;

/// <summary>A host and perhaps a port (RFC 3986, 3.2, without user information).</summary>
internal readonly ref struct Authority
{
    internal const int NoPort = -1;

    private static readonly SearchValues<byte> s_hostBytes =
        SearchValues.Create("-._~%!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> s_addressBytes = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    private Authority(ReadOnlySpan<byte> host, int port)
    {
        Host = host;
        Port = port;
    }

    internal ReadOnlySpan<byte> Host { get; }

    internal int Port { get; }

    internal static bool TryParse(ReadOnlySpan<byte> text, out Authority authority)
    {
        authority = default;
        int end;
        if (text.StartsWith((byte)'['))
        {
            end = text.IndexOf((byte)']') + 1;
            if (end == 0 || !IsAddress(text[1..(end - 1)]))
            {
                return false;
            }
        }
        else
        {
            end = text.IndexOf((byte)':');
            end = end < 0 ? text.Length : end;
            if (end == 0 || text[..end].ContainsAnyExcept(s_hostBytes))
            {
                return false;
            }
        }
        if (!TryParsePort(text[end..], out int port))
        {
            return false;
        }
        authority = new(text[..end], port);
        return true;
    }

    internal bool IsSameAs(Authority other, int defaultPort) =>
        Grammar.Is(Host, other.Host)
        && (Port == NoPort ? defaultPort : Port) == (other.Port == NoPort ? defaultPort : other.Port);

    // The runtime's check allows a zone and IPv4 too, which brackets may not hold.
    private static bool IsAddress(ReadOnlySpan<byte> text) =>
        text.Contains((byte)':') && !text.ContainsAnyExcept(s_addressBytes) && IPAddress.IsValidUtf8(text);

    // ":" *DIGIT, or nothing.
    private static bool TryParsePort(ReadOnlySpan<byte> text, out int port)
    {
        port = NoPort;
        if (text.Length <= 1)
        {
            return text.IsEmpty || text[0] == ':';
        }
        port = 0;
        foreach (byte b in text[1..])
        {
            port = (port * 10) + b - '0';
            if (b is < (byte)'0' or > (byte)'9' || port > ushort.MaxValue)
            {
                return false;
            }
        }
        return text[0] == ':';
    }
}
