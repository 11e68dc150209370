using System.Text;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>A whole message of a client. It lies where it was received, is writable, and valid until the callback returns.</summary>
public readonly ref struct ReceivedMessage
{
    internal ReceivedMessage(Opcode opcode, Span<byte> bytes)
    {
        Opcode = opcode;
        Bytes = bytes;
    }

    /// <summary>Text or binary.</summary>
    public Opcode Opcode { get; }

    /// <summary>Whether it was sent as text; then <see cref="Bytes"/> is valid UTF-8.</summary>
    public bool IsText => Opcode == Opcode.Text;

    /// <summary>What was sent.</summary>
    public Span<byte> Bytes { get; }

    /// <summary>The message as a string, which is made anew each time. In a binary one, what is not UTF-8 becomes U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes);
}
