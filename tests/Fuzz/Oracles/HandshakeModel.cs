using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text.RegularExpressions;

namespace Sluice.Fuzz;

/// <summary>RFC 6455, 4.2, over text: every rule by itself, so that their order plays no part.</summary>
internal static partial class HandshakeModel
{
    private const string Token = @"[!#$%&'*+\-.^_`|~0-9A-Za-z]+";
    private const int ProtocolsMax = 32;

    /// <summary>The statuses with which a request may be refused; none if it must be accepted.</summary>
    /// <param name="head">The request.</param>
    /// <param name="originAllowed">Whether an origin is allowed to come to a host.</param>
    /// <param name="spoken">The subprotocols that are spoken.</param>
    public static HashSet<int> Refusals(HeadModel head, Func<string, string, bool> originAllowed, string[] spoken)
    {
        HashSet<int> refusals = [];
        void Unless(bool condition, int status)
        {
            if (!condition)
            {
                refusals.Add(status);
            }
        }
        string[] hosts = head.Values("Host");
        string[] versions = head.Values("Sec-WebSocket-Version");
        string[] keys = head.Values("Sec-WebSocket-Key");
        string[] origins = head.Values("Origin");
        string[] protocols = head.Elements("Sec-WebSocket-Protocol");
        bool hasHost = hosts.Length == 1 && IsAuthority(hosts[0]);
        Unless(head.Method == "GET", 405);
        Unless(head.Values("Content-Length").All(static value => value == "0") && head.Values("Transfer-Encoding").Length == 0, 400);
        Unless(hasHost, 400);
        Unless(PathOf(head.Target, hosts.FirstOrDefault("")) is not null, 400);
        Unless(head.Elements("Upgrade").Contains("websocket", StringComparer.OrdinalIgnoreCase), 426);
        Unless(head.Elements("Connection").Contains("upgrade", StringComparer.OrdinalIgnoreCase), 400);
        Unless(versions.Length == 1, 400);
        Unless(versions.Length != 1 || versions[0] == "13", 426);
        Unless(keys.Length == 1 && Key().IsMatch(keys[0]), 400);
        Unless(protocols.All(static protocol => TokenAlone().IsMatch(protocol)), 400);
        Unless(protocols.Distinct().Count() == protocols.Length && protocols.Length <= ProtocolsMax, 400);
        Unless(head.Values("Sec-WebSocket-Extensions").All(ExtensionModel.IsWellFormed), 400);
        Unless(origins.Length <= 1, 400);
        Unless(origins.Length == 0 || (hasHost && originAllowed(origins[^1], hosts[0])), 403);
        Unless(protocols.Length == 0 || spoken.Length == 0 || protocols.Intersect(spoken).Any(), 400);
        return refusals;
    }

    /// <summary>The path and the query of a target that is one on this host; null if it is not.</summary>
    public static string? PathOf(string target, string host)
    {
        Match match = AbsoluteForm().Match(target);
        string? path = target.StartsWith('/') ? target
            : match.Success && match.Groups["host"].Value.Equals(host, StringComparison.OrdinalIgnoreCase) ? match.Groups["path"].Value
            : null;
        return path is null || path.Contains('#', StringComparison.Ordinal) ? null : path;
    }

    /// <summary>Whether an origin is a page of that host: the same name, the same port.</summary>
    public static bool IsSameOrigin(string origin, string host, bool secure)
    {
        Match page = OriginForm().Match(origin);
        string scheme = page.Groups["scheme"].Value.ToLowerInvariant();
        int port = scheme == "https" ? 443 : 80;
        return page.Success && IsAuthority(page.Groups["authority"].Value)
            && (scheme == "https" || (scheme == "http" && !secure))
            && Split(page.Groups["authority"].Value, port) == Split(host, port);
    }

    /// <summary>Whether two origins are the same, the second known to be one that is http or https.</summary>
    public static bool IsOrigin(string origin, string known)
    {
        Match page = OriginForm().Match(origin);
        Match other = OriginForm().Match(known);
        int port = known.StartsWith("https", StringComparison.Ordinal) ? 443 : 80;
        return page.Success && IsAuthority(page.Groups["authority"].Value)
            && page.Groups["scheme"].Value.Equals(other.Groups["scheme"].Value, StringComparison.OrdinalIgnoreCase)
            && Split(page.Groups["authority"].Value, port) == Split(other.Groups["authority"].Value, port);
    }

    private static bool IsAuthority(string text)
    {
        Match match = AuthorityForm().Match(text);
        string v6 = match.Groups["v6"].Value;
        return match.Success
            && BigInteger.Parse("0" + match.Groups["port"].Value, CultureInfo.InvariantCulture) <= ushort.MaxValue
            && (v6 == "" || (IPAddress.TryParse(v6, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6));
    }

    private static (string Host, int Port) Split(string authority, int defaultPort)
    {
        Match match = AuthorityForm().Match(authority);
        string port = match.Groups["port"].Value;
        return (match.Groups["host"].Value.ToLowerInvariant(), port == "" ? defaultPort : int.Parse(port, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"\A" + Token + @"\z")]
    private static partial Regex TokenAlone();

    [GeneratedRegex(@"\A[+/0-9A-Za-z]{22}==\z")]
    private static partial Regex Key();

    [GeneratedRegex(@"\A(?<host>\[(?<v6>[0-9A-Fa-f:.]+)\]|[\-._~%!$&'()*+,;=0-9A-Za-z]+)(:(?<port>[0-9]*))?\z")]
    private static partial Regex AuthorityForm();

    [GeneratedRegex(@"\Ahttps?://(?<host>[^/]*)(?<path>/.*)\z", RegexOptions.IgnoreCase)]
    private static partial Regex AbsoluteForm();

    [GeneratedRegex(@"\A(?<scheme>" + Token + @")://(?<authority>.*)\z")]
    private static partial Regex OriginForm();
}
