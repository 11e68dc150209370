using System.Collections.Immutable;
using System.Text;

namespace Sluice.Protocol;

/// <summary>From which pages a browser may connect (RFC 6455, 10.2). A client that is no browser sends no origin and is
/// always let in: an origin protects users of browsers, not the server.</summary>
public sealed record HandshakePolicy
{
    private readonly ImmutableArray<byte[]>? _origins;
    private readonly bool _any;

    /// <summary>Only pages of the host and port that the request itself names. The default.</summary>
    public static HandshakePolicy SameOrigin { get; } = new();

    /// <summary>Any page.</summary>
    public static HandshakePolicy AnyOrigin { get; } = new(any: true, origins: null);

    /// <summary>As <see cref="SameOrigin"/>.</summary>
    public HandshakePolicy()
    {
    }

    private HandshakePolicy(bool any, ImmutableArray<byte[]>? origins)
    {
        _any = any;
        _origins = origins;
    }

    /// <summary>The connection is known to be encrypted; then a page that was not is another origin. (Behind a proxy that
    /// ends TLS it is not known, so only host and port are compared.)</summary>
    public bool Secure { get; init; }

    /// <summary>Only these origins, compared by scheme, host and port.</summary>
    /// <param name="origins">Such as <c>https://example.com</c>, or <c>null</c> for pages without an origin.</param>
    /// <exception cref="ArgumentException">One is not an origin.</exception>
    public static HandshakePolicy Only(params ReadOnlySpan<string> origins)
    {
        ImmutableArray<byte[]>.Builder parsed = ImmutableArray.CreateBuilder<byte[]>(origins.Length);
        foreach (string origin in origins)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(origin);
            if (origin != "null" && !Origin.TryParse(bytes, out _))
            {
                throw new ArgumentException($"\"{origin}\" is not an origin; one looks like https://example.com or http://localhost:8080.", nameof(origins));
            }
            parsed.Add(bytes);
        }
        return new(any: false, parsed.DrainToImmutable());
    }

    internal bool Allows(ReadOnlySpan<byte> origin, Authority host)
    {
        if (_any)
        {
            return true;
        }
        bool known = Origin.TryParse(origin, out Origin page);
        if (_origins is not ImmutableArray<byte[]> list)
        {
            return known && page.IsOfHost(host, Secure);
        }
        foreach (byte[] allowed in list)
        {
            // What cannot be parsed is "null", on the list too.
            bool same = Origin.TryParse(allowed, out Origin other) ? known && page.IsSameAs(other) : origin.SequenceEqual(allowed);
            if (same)
            {
                return true;
            }
        }
        return false;
    }
}

/// <summary>Where a page came from (RFC 6454, 7): a scheme, a host, a port.</summary>
internal readonly ref struct Origin
{
    private readonly ReadOnlySpan<byte> _scheme;
    private readonly Authority _authority;

    private Origin(ReadOnlySpan<byte> scheme, Authority authority)
    {
        _scheme = scheme;
        _authority = authority;
    }

    private bool Secure => Grammar.Is(_scheme, "https"u8);

    private int DefaultPort => Secure ? 443 : Grammar.Is(_scheme, "http"u8) ? 80 : Authority.NoPort;

    internal static bool TryParse(ReadOnlySpan<byte> text, out Origin origin)
    {
        int end = text.IndexOf("://"u8);
        if (end > 0 && Grammar.IsToken(text[..end]) && Authority.TryParse(text[(end + 3)..], out Authority authority))
        {
            origin = new(text[..end], authority);
            return true;
        }
        origin = default;
        return false;
    }

    internal bool IsSameAs(Origin other) =>
        Grammar.Is(_scheme, other._scheme) && _authority.IsSameAs(other._authority, DefaultPort);

    internal bool IsOfHost(Authority host, bool secure) =>
        (Secure || (!secure && DefaultPort != Authority.NoPort)) && _authority.IsSameAs(host, DefaultPort);
}
