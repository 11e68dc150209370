using System.Buffers;
using System.Net;
using System.Text;

namespace Sluice.Bench.Loads;

/// <summary>The opening handshake of all clients here, with one key, so that a peer of some lines of C can answer it too.</summary>
internal static class Upgrade
{
    private static readonly byte[] s_key = "c2x1aWNlLWJlbmNoLWtleQ=="u8.ToArray();
    private static readonly byte[] s_accept = "n2ZGqNc7AIHfZhdL6MQavgzVNqk="u8.ToArray();

    internal static void WriteRequest(IBufferWriter<byte> output, IPEndPoint server, string path, bool offersDeflate)
    {
        string offer = offersDeflate ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" : "";
        output.Write(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Key: {Encoding.ASCII.GetString(s_key)}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"));
    }

    /// <summary>Reads the response.</summary>
    /// <returns>How many bytes its head took: 0 while it is not there whole.</returns>
    /// <exception cref="IOException">The server refused, or accepted something else.</exception>
    internal static int ReadResponse(ReadOnlySpan<byte> input, out bool deflates)
    {
        int end = input.IndexOf("\r\n\r\n"u8);
        deflates = end > 0 && input[..end].IndexOf("permessage-deflate"u8) >= 0;
        if (end > 0 && (!input.StartsWith("HTTP/1.1 101 "u8) || input[..end].IndexOf(s_accept) < 0))
        {
            throw new IOException($"The handshake was refused: {Encoding.ASCII.GetString(input[..end])}");
        }
        return end < 0 ? 0 : end + 4;
    }
}
