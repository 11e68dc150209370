using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Sluice.Protocol;

/// <summary>The client's side of the opening handshake over HTTP/1.1 (RFC 6455, 4.1).</summary>
public static class ClientHandshake
{
    /// <summary>How many unpredictable bytes make a key.</summary>
    public const int NonceBytes = 16;

    /// <summary>Writes the request.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="host">Host and perhaps port.</param>
    /// <param name="target">Path and perhaps query.</param>
    /// <param name="nonce">16 bytes, new for each connection; wanted again by <see cref="Judge"/>.</param>
    /// <param name="protocols">Subprotocols, best first; tokens.</param>
    /// <param name="origin">For a client that acts for a page.</param>
    public static void WriteRequest(
        IBufferWriter<byte> output, string host, string target, ReadOnlySpan<byte> nonce, ReadOnlySpan<string> protocols = default, string? origin = null)
    {
        Span<byte> key = stackalloc byte[Handshake.KeyBytes];
        EncodeKey(nonce, key);
        HeadWriter head = new(output);
        head.Request("GET", target);
        head.Field("Host"u8, host);
        head.Field("Upgrade"u8, "websocket"u8);
        head.Field("Connection"u8, "Upgrade"u8);
        head.Field(Handshake.KeyName, key);
        head.Field(Handshake.VersionName, "13"u8);
        foreach (string protocol in protocols)
        {
            head.Field(Handshake.ProtocolName, protocol);
        }
        if (origin is not null)
        {
            head.Field("Origin"u8, origin);
        }
        head.End();
    }

    /// <summary>Judges a complete response: 101 only when every check has passed, before any of it is acted upon.</summary>
    /// <param name="head">Complete.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="nonce">As given to <see cref="WriteRequest"/>.</param>
    /// <param name="offered">As given to <see cref="WriteRequest"/>.</param>
    /// <param name="chosen">The server's choice among them, or null.</param>
    /// <returns>101; another status if the server refused; 0 if it accepted and did it wrongly.</returns>
    public static HandshakeVerdict Judge(
        in HttpResponseHead head, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> nonce, ReadOnlySpan<string> offered, out string? chosen)
    {
        chosen = null;
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
        if (headers.HasExtensions)
        {
            return new(0, "The server uses an extension that was not offered.");
        }
        int protocols = 0;
        foreach (ReadOnlySpan<byte> protocol in headers.Protocols)
        {
            protocols++;
            chosen = Find(protocol, offered);
        }
        return protocols == 0 || (protocols == 1 && chosen is not null)
            ? new(101, "")
            : new(0, "The server uses a subprotocol that was not offered.");
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

    private static void EncodeKey(ReadOnlySpan<byte> nonce, Span<byte> key)
    {
        Invariant.Check(nonce.Length == NonceBytes, "A nonce has 16 bytes.");
        Base64.EncodeToUtf8(nonce, key, out _, out _);
    }
}
