using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Sluice.Protocol;

/// <summary>The client's side of the opening handshake over HTTP/1.1 (RFC 6455, 4.1).</summary>
public static class ClientHandshake
{
    /// <summary>How many unpredictable bytes make a key.</summary>
    public const int NonceBytes = 16;

    // What a handshake or HTTP itself writes; a second one would make another request of it.
    private static readonly string[] s_ownNames = ["Host", "Upgrade", "Connection", "Origin", "Content-Length", "Transfer-Encoding"];

    /// <summary>Writes the request.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="host">Host and perhaps port.</param>
    /// <param name="target">Path and perhaps query.</param>
    /// <param name="nonce">16 bytes, new for each connection; wanted again by <see cref="Judge"/>.</param>
    /// <param name="offer">What the client offers; wanted again by <see cref="Judge"/>.</param>
    /// <exception cref="ArgumentException">A further header has a name or a value that it may not have. Nothing is written.</exception>
    public static void WriteRequest(
        IBufferWriter<byte> output, string host, string target, ReadOnlySpan<byte> nonce, HandshakeOffer offer = default)
    {
        foreach ((string name, string value) in offer.Headers)
        {
            CheckHeader(name, value);
        }
        Span<byte> key = stackalloc byte[Handshake.KeyBytes];
        EncodeKey(nonce, key);
        HeadWriter head = new(output);
        head.Request("GET", target);
        head.Field("Host"u8, host);
        head.Field("Upgrade"u8, "websocket"u8);
        head.Field("Connection"u8, "Upgrade"u8);
        head.Field(Handshake.KeyName, key);
        head.Field(Handshake.VersionName, "13"u8);
        foreach (string protocol in offer.Subprotocols)
        {
            head.Field(Handshake.ProtocolName, protocol);
        }
        if (offer.Deflate is not null)
        {
            head.Field(PermessageDeflate.Offer(offer.Deflate));
        }
        if (offer.Origin is not null)
        {
            head.Field("Origin"u8, offer.Origin);
        }
        foreach ((string name, string value) in offer.Headers)
        {
            head.Field(name, value);
        }
        head.End();
    }

    /// <summary>Judges a complete response: 101 only when every check has passed, before any of it is acted upon.</summary>
    /// <param name="head">Complete.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="nonce">As given to <see cref="WriteRequest"/>.</param>
    /// <param name="offer">As given to <see cref="WriteRequest"/>.</param>
    /// <param name="agreement">What the server chose of it, valid with 101.</param>
    /// <returns>101; another status if the server refused; 0 if it accepted and did it wrongly.</returns>
    public static HandshakeVerdict Judge(
        in HttpResponseHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> nonce, HandshakeOffer offer, out HandshakeAgreement agreement)
    {
        agreement = default;
        if (head.Status != 101)
        {
            return new(head.Status, "The server refused.");
        }
        HandshakeHeaders headers = HandshakeHeaders.Collect(head.Headers(bytes));
        if (!headers.UpgradesToWebSocket || !headers.ConnectionUpgrade)
        {
            return new(0, "The server upgraded to something else.");
        }
        Span<byte> key = stackalloc byte[Handshake.KeyBytes];
        Span<byte> accept = stackalloc byte[Handshake.AcceptBytes];
        EncodeKey(nonce, key);
        Handshake.ComputeAccept(key, accept);
        if (headers.Accept.Count != 1 || !headers.Accept.Value.SequenceEqual(accept))
        {
            return new(0, "The server's Sec-WebSocket-Accept is not the answer to our key.");
        }
        return JudgeChoice(headers, offer, out agreement);
    }

    /// <summary>Judges an acceptance over HTTP/2, where no key proves that it is one (RFC 8441, 5): what the server chose of the offer.</summary>
    /// <param name="headers">The header lines of the response.</param>
    /// <param name="offer">What was offered.</param>
    /// <param name="agreement">What the server chose of it, valid with 101.</param>
    /// <returns>101, or 0 if it chose wrongly.</returns>
    public static HandshakeVerdict JudgeChoice(HeaderLines headers, HandshakeOffer offer, out HandshakeAgreement agreement) =>
        JudgeChoice(HandshakeHeaders.Collect(headers), offer, out agreement);

    private static HandshakeVerdict JudgeChoice(in HandshakeHeaders headers, HandshakeOffer offer, out HandshakeAgreement agreement)
    {
        agreement = default;
        if (headers.ExtensionsMalformed || !TryReadExtensions(headers.Extensions, offer.Deflate, out DeflateAgreement deflate))
        {
            return new(0, "The server uses an extension that was not offered, or not as it was offered.");
        }
        if (!TryReadSubprotocol(headers.Protocols, offer.Subprotocols, out string? subprotocol))
        {
            return new(0, "The server uses a subprotocol that was not offered.");
        }
        agreement = new() { Subprotocol = subprotocol, Deflate = deflate };
        return new(101, "");
    }

    private static bool TryReadExtensions(ListElements extensions, DeflateOffer? offer, out DeflateAgreement deflate)
    {
        deflate = default;
        foreach (ReadOnlySpan<byte> extension in extensions)
        {
            if (offer is null || deflate.Agreed || !PermessageDeflate.TryRead(extension, out PermessageDeflate answer)
                || !answer.IsAnswerTo(PermessageDeflate.Offer(offer)))
            {
                return false;
            }
            deflate = answer.AtClient;
        }
        return true;
    }

    private static bool TryReadSubprotocol(ListElements protocols, ReadOnlySpan<string> offered, out string? chosen)
    {
        chosen = null;
        foreach (ReadOnlySpan<byte> protocol in protocols)
        {
            string? found = Find(protocol, offered);
            if (found is null || chosen is not null)
            {
                return false;
            }
            chosen = found;
        }
        return true;
    }

    private static string? Find(ReadOnlySpan<byte> protocol, ReadOnlySpan<string> offered)
    {
        foreach (string candidate in offered)
        {
            if (Ascii.Equals(protocol, candidate))
            {
                return candidate;
            }
        }
        return null;
    }

    private static void CheckHeader(string name, string value)
    {
        if (!Grammar.IsToken(name))
        {
            throw new ArgumentException($"\"{name}\" is not the name of a header: letters, digits and !#$%&'*+-.^_`|~ are allowed.", nameof(name));
        }
        if (name.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase) || s_ownNames.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{name} is written by the handshake itself.", nameof(name));
        }
        if (!value.All(Grammar.IsLineCharacter))
        {
            // The value may be a credential, so it is not shown.
            throw new ArgumentException($"The value of {name} is not one line of printable ASCII.", nameof(value));
        }
    }

    private static void EncodeKey(ReadOnlySpan<byte> nonce, Span<byte> key)
    {
        Invariant.Check(nonce.Length == NonceBytes, "A nonce has 16 bytes.");
        Base64.EncodeToUtf8(nonce, key, out _, out _);
    }
}
