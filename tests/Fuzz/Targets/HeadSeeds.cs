using System.Text;

namespace Sluice.Fuzz;

/// <summary>Heads to begin with, and the words they are made of.</summary>
internal static class HeadSeeds
{
    /// <summary>What a handshake begins with, up to the headers that vary.</summary>
    public const string RequestBegin = "GET /chat?a=b HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    /// <summary>What an acceptance begins with; the answer to 16 bytes of zero.</summary>
    public const string ResponseBegin = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n";

    private static readonly string[] s_words =
    [
        "\r\n", "\r\n\r\n", "\n", "\r", "\t", " ", ":", ": ", ", ", "; ", "=", "\"", "\\", "/", "?", "#", "\0", "\x7F", "\xE9", "[::1]",
        "[", "]", ":80", ":443", ":65536",
        "GET ", "HEAD ", "POST ", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "HTTP/2.0", "HTTP/1.1 101 ", "http://", "https://", "localhost",
        "localhost:8080", "example.com",
        "Host: localhost\r\n", "Upgrade: websocket\r\n", "upgrade: foo, WebSocket\r\n", "Connection: keep-alive, Upgrade\r\n",
        "Origin: http://localhost:8080\r\n", "Origin: https://example.com\r\n",
        "Origin: null\r\n", "Content-Length: 0\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
        "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Key: ", "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Accept: ", "Sec-WebSocket-Protocol: ", "Sec-WebSocket-Extensions: ",
        "chat", "superchat", "permessage-deflate", "permessage-deflatex", "x-webkit-deflate-frame", "client_max_window_bits",
        "server_max_window_bits", "client_no_context_takeover", "server_no_context_takeover",
        "=8", "=9", "=10", "=15", "=16", "=7", "=08", "=\"10\"", "=+9", "= 9",
    ];

    /// <summary>The words.</summary>
    public static byte[][] Tokens { get; } = [.. s_words.Select(Encoding.Latin1.GetBytes)];

    /// <summary>Requests.</summary>
    public static IEnumerable<byte[]> Requests { get; } = Bytes(
        RequestBegin + "\r\n",
        RequestBegin + "Origin: http://localhost:8080\r\nSec-WebSocket-Protocol: superchat, chat\r\n\r\n\x81\x80",
        RequestBegin + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"z\"\r\nContent-Length: 0\r\n\r\n",
        RequestBegin.Replace("GET /chat", "GET http://LOCALHOST:8080/chat", StringComparison.Ordinal) + "Origin: https://example.com\r\n\r\n",
        RequestBegin.Replace("localhost:8080", "[::1]", StringComparison.Ordinal) + "Origin: http://[::1]:80\r\n\r\n",
        "POST /x HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n");

    /// <summary>Responses.</summary>
    public static IEnumerable<byte[]> Responses { get; } = Bytes(
        ResponseBegin + "\r\n",
        ResponseBegin + "Sec-WebSocket-Protocol: chat\r\n\r\n\x81\x01a",
        ResponseBegin + "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=12; server_max_window_bits=10\r\n\r\n",
        "HTTP/1.1 404 \r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 503\r\nRetry-After: 5\r\n\r\n");

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.Latin1.GetBytes)];
}
