using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Sluice.Protocol;

/// <summary>What became of a handshake.</summary>
/// <param name="Status">101, or the status that refuses it.</param>
/// <param name="Reason">Why it is refused, in a sentence of ours that quotes nothing of the client's.</param>
public readonly record struct HandshakeVerdict(int Status, string Reason)
{
    /// <summary>Nothing speaks against it.</summary>
    public static HandshakeVerdict Accept => new(101, "");

    /// <summary>Whether the connection becomes a WebSocket.</summary>
    public bool Accepted => Status == 101;
}

/// <summary>The server's side of the opening handshake over HTTP/1.1 (RFC 6455, 4.2).</summary>
public static class Handshake
{
    /// <summary>The reason for every refusal that <see cref="HttpHead"/> decides.</summary>
    public const string MalformedHead = "The request head is malformed.";

    internal const int KeyBytes = 24;
    internal const int AcceptBytes = 28;

    // Comparing each with each must stay cheap.
    private const int ProtocolsMax = 32;

    private static readonly SearchValues<byte> s_base64Bytes =
        SearchValues.Create("+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    internal static ReadOnlySpan<byte> KeyName => "Sec-WebSocket-Key"u8;

    internal static ReadOnlySpan<byte> AcceptName => "Sec-WebSocket-Accept"u8;

    internal static ReadOnlySpan<byte> VersionName => "Sec-WebSocket-Version"u8;

    internal static ReadOnlySpan<byte> ProtocolName => "Sec-WebSocket-Protocol"u8;

    internal static ReadOnlySpan<byte> ExtensionsName => "Sec-WebSocket-Extensions"u8;

    /// <summary>Judges a complete head: 101 only when every check has passed.</summary>
    /// <param name="head">Complete.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="terms">What the server agrees to.</param>
    /// <param name="request">What is asked for, valid with 101.</param>
    /// <param name="agreement">What is agreed, valid with 101.</param>
    public static HandshakeVerdict Judge(
        scoped in HttpHead head, ReadOnlySpan<byte> bytes, HandshakeTerms terms, out HandshakeRequest request, out HandshakeAgreement agreement)
    {
        request = default;
        agreement = default;
        HandshakeHeaders headers = HandshakeHeaders.Collect(head.Headers(bytes));
        bool hasPath = TryOriginForm(head.Target(bytes), headers.Host.Value, out ReadOnlySpan<byte> target);
        HandshakeVerdict verdict = Weigh(head.Method(bytes), hasPath, headers, terms.Policy);
        if (!verdict.Accepted)
        {
            return verdict;
        }
        if (!TryChooseSubprotocol(headers.Protocols, terms.Subprotocols, out string? subprotocol))
        {
            return new(400, "None of the offered subprotocols is spoken here.");
        }
        PermessageDeflate answer = default;
        bool deflates = terms.Deflate is not null && PermessageDeflate.TryAnswer(headers.Extensions, terms.Deflate, out answer);
        int query = target.IndexOf((byte)'?');
        request = new()
        {
            Path = query < 0 ? target : target[..query],
            Query = query < 0 ? default : target[(query + 1)..],
            Host = headers.Host.Value,
            Origin = headers.Origin.Value,
            Key = headers.Key.Value,
            Headers = head.Headers(bytes),
        };
        agreement = new() { Subprotocol = subprotocol, Deflate = deflates ? answer.AtServer : default, DeflateAnswer = answer };
        return verdict;
    }

    /// <summary>Writes the 101.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="request">An accepted request.</param>
    /// <param name="agreement">What was agreed with it.</param>
    public static void WriteAccept(IBufferWriter<byte> output, in HandshakeRequest request, in HandshakeAgreement agreement)
    {
        Span<byte> accept = stackalloc byte[AcceptBytes];
        ComputeAccept(request.Key, accept);
        HeadWriter head = new(output);
        head.Response(101);
        head.Field("Upgrade"u8, "websocket"u8);
        head.Field("Connection"u8, "Upgrade"u8);
        head.Field(AcceptName, accept);
        if (agreement.Subprotocol is not null)
        {
            head.Field(ProtocolName, agreement.Subprotocol);
        }
        if (agreement.Deflate.Agreed)
        {
            head.Field(agreement.DeflateAnswer);
        }
        head.End();
    }

    /// <summary>Writes a refusal, after which the connection is closed.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="status">A status of an error.</param>
    /// <param name="reason">A sentence for a human.</param>
    /// <param name="retryAfterSeconds">With 429 and 503: when it may be tried again; 0: nothing is said about it.</param>
    /// <param name="isHead">The request was a HEAD, whose answer has no body (RFC 9110, 9.3.2).</param>
    public static void WriteRefusal(IBufferWriter<byte> output, int status, string reason, int retryAfterSeconds = 0, bool isHead = false)
    {
        HeadWriter head = new(output);
        head.Response(status);
        if (status == 405)
        {
            head.Field("Allow"u8, "GET"u8);
        }
        if (status == 426)
        {
            head.Field(VersionName, "13"u8);
            head.Field("Upgrade"u8, "websocket"u8);
        }
        if (retryAfterSeconds > 0)
        {
            head.Field("Retry-After"u8, retryAfterSeconds);
        }
        head.Field("Connection"u8, status == 426 ? "Upgrade, close"u8 : "close"u8);
        head.Field("Content-Type"u8, "text/plain; charset=utf-8"u8);
        head.Field("Content-Length"u8, Encoding.UTF8.GetByteCount(reason) + 1);
        head.End();
        if (!isHead)
        {
            Encoding.UTF8.GetBytes(reason, output);
            output.Write("\n"u8);
        }
    }

    // RFC 6455, 4.2.2: the base64 of the SHA-1 of the key and a constant.
    internal static void ComputeAccept(ReadOnlySpan<byte> key, Span<byte> accept)
    {
        ReadOnlySpan<byte> salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;
        Span<byte> salted = stackalloc byte[KeyBytes + salt.Length];
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        key.CopyTo(salted);
        salt.CopyTo(salted[KeyBytes..]);
#pragma warning disable CA5350 // The protocol says SHA-1; it proves that the server speaks WebSocket and protects nothing.
        SHA1.HashData(salted, hash);
#pragma warning restore CA5350
        Base64.EncodeToUtf8(hash, accept, out _, out _);
    }

    private static HandshakeVerdict Weigh(ReadOnlySpan<byte> method, bool hasPath, in HandshakeHeaders headers, HandshakePolicy policy) =>
        !method.SequenceEqual("GET"u8) ? new(405, "A WebSocket begins with GET.")
        : headers.HasBody ? new(400, "A handshake has no body.")
        : headers.Host.Count != 1 || !Authority.TryParse(headers.Host.Value, out Authority host) ? new(400, "Exactly one valid Host is needed.")
        : !hasPath ? new(400, "The request target is not a path on this host.")
        : !headers.UpgradesToWebSocket ? new(426, "This is a WebSocket endpoint: Upgrade must name websocket.")
        : !headers.ConnectionUpgrade ? new(400, "Connection must name Upgrade.")
        : headers.Version.Count != 1 ? new(400, "Exactly one Sec-WebSocket-Version is needed.")
        : !headers.Version.Value.SequenceEqual("13"u8) ? new(426, "Only version 13 of the WebSocket protocol is spoken here.")
        : headers.Key.Count != 1 || !IsKey(headers.Key.Value) ? new(400, "Exactly one valid Sec-WebSocket-Key is needed.")
        : !AreProtocols(headers.Protocols) ? new(400, "Sec-WebSocket-Protocol is not a list of distinct tokens.")
        : headers.ExtensionsMalformed ? new(400, "Sec-WebSocket-Extensions is malformed.")
        : headers.Origin.Count > 1 ? new(400, "More than one Origin.")
        : headers.Origin.Count == 1 && !policy.Allows(headers.Origin.Value, host) ? new(403, "This origin may not connect.")
        : new(101, "");

    // RFC 9112, 3.2.1 and 3.2.2. A target that names another host than Host is the shape of an attack on a cache.
    private static bool TryOriginForm(ReadOnlySpan<byte> target, ReadOnlySpan<byte> host, out ReadOnlySpan<byte> originForm)
    {
        originForm = target;
        if (target[0] != '/')
        {
            int scheme = target.IndexOf("://"u8);
            if (scheme < 0 || !(Grammar.Is(target[..scheme], "http"u8) || Grammar.Is(target[..scheme], "https"u8)))
            {
                return false;
            }
            ReadOnlySpan<byte> rest = target[(scheme + 3)..];
            int path = rest.IndexOf((byte)'/');
            if (path < 0 || !Grammar.Is(rest[..path], host))
            {
                return false;
            }
            originForm = rest[path..];
        }
        return !originForm.Contains((byte)'#');
    }

    // The base64 of 16 bytes. That the last character's low bits are zero is not asked: some clients are careless.
    private static bool IsKey(ReadOnlySpan<byte> key) =>
        key.Length == KeyBytes && key.EndsWith("=="u8) && !key[..^2].ContainsAnyExcept(s_base64Bytes);

    // The server's preference wins. False when some are offered, some are spoken, and none is both.
    private static bool TryChooseSubprotocol(ListElements offered, ReadOnlySpan<string> spoken, out string? chosen)
    {
        bool isOffered = false;
        int best = spoken.Length;
        foreach (ReadOnlySpan<byte> protocol in offered)
        {
            isOffered = true;
            for (int i = 0; i < best; i++)
            {
                if (Ascii.Equals(protocol, spoken[i]))
                {
                    best = i;
                }
            }
        }
        chosen = best < spoken.Length ? spoken[best] : null;
        return chosen is not null || !isOffered || spoken.IsEmpty;
    }

    private static bool AreProtocols(ListElements protocols)
    {
        int count = 0;
        foreach (ReadOnlySpan<byte> protocol in protocols)
        {
            if (++count > ProtocolsMax || !Grammar.IsToken(protocol) || Occurs(protocol, protocols) != 1)
            {
                return false;
            }
        }
        return true;
    }

    private static int Occurs(ReadOnlySpan<byte> protocol, ListElements protocols)
    {
        int count = 0;
        foreach (ReadOnlySpan<byte> other in protocols)
        {
            count += other.SequenceEqual(protocol) ? 1 : 0;
        }
        return count;
    }
}
