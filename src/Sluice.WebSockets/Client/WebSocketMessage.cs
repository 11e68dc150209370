using System.Text;

namespace Sluice.WebSockets;

/// <summary>A whole message. It lies in the connection's buffer and is valid until the next read.</summary>
public readonly struct WebSocketMessage
{
    internal WebSocketMessage(ReadOnlyMemory<byte> bytes, bool isText)
    {
        Bytes = bytes;
        IsText = isText;
    }

    /// <summary>Whether it was sent as text; then <see cref="Bytes"/> is valid UTF-8.</summary>
    public bool IsText { get; }

    /// <summary>What was sent. Copy what is needed after the next read.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The message as a string, which is made anew each time. In a binary one, what is not UTF-8 becomes U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);
}
