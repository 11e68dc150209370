using System.Buffers;
using System.Buffers.Text;

namespace Sluice.Protocol;

/// <summary>Writes the head of a request or a response, line by line.</summary>
/// <remarks>Whoever got a request from another parser writes what that found as a head again and has it judged by the
/// same rules as any other (<see cref="HttpHead"/>, <see cref="Handshake.Judge"/>).</remarks>
/// <param name="output">Takes the bytes.</param>
public readonly ref struct HeadWriter(IBufferWriter<byte> output)
{
    /// <summary>Begins a request.</summary>
    public void Request(ReadOnlySpan<char> method, ReadOnlySpan<char> target)
    {
        Text(method);
        output.Write(" "u8);
        Text(target);
        output.Write(" HTTP/1.1\r\n"u8);
    }

    /// <summary>Begins a response.</summary>
    public void Response(int status)
    {
        output.Write("HTTP/1.1 "u8);
        Number(status);
        output.Write(" "u8);
        output.Write(Phrase(status));
        output.Write("\r\n"u8);
    }

    /// <summary>Writes a header whose value is ours.</summary>
    public void Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Invariant.Check(!value.ContainsAnyExcept(Grammar.FieldValueBytes), "A header value is one line of text.");
        Name(name);
        output.Write(value);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes a header. What is not ASCII in its value becomes a question mark, which no header of a handshake may hold.</summary>
    public void Field(ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        Name(name);
        Text(value);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes a header that is a number.</summary>
    public void Field(ReadOnlySpan<byte> name, int value)
    {
        Name(name);
        Number(value);
        output.Write("\r\n"u8);
    }

    internal void Field(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        Text(name);
        output.Write(": "u8);
        Text(value);
        output.Write("\r\n"u8);
    }

    /// <summary>Writes an offer of compression, or the answer to one.</summary>
    internal void Field(PermessageDeflate extension)
    {
        Span<byte> value = stackalloc byte[PermessageDeflate.TextBytesMax];
        Field(Handshake.ExtensionsName, value[..extension.Write(value)]);
    }

    /// <summary>Ends the head.</summary>
    public void End() => output.Write("\r\n"u8);

    private void Name(ReadOnlySpan<byte> name)
    {
        output.Write(name);
        output.Write(": "u8);
    }

    private void Number(int value)
    {
        Span<byte> digits = stackalloc byte[11];
        Utf8Formatter.TryFormat(value, digits, out int length);
        output.Write(digits[..length]);
    }

    // Any control character becomes NUL: so none ends a line, and whoever reads the head refuses it, as it would have been
    // refused with the character that was meant.
    private void Text(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = output.GetSpan(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            bytes[i] = Grammar.IsLineCharacter(text[i]) ? (byte)text[i] : char.IsAscii(text[i]) ? (byte)0 : (byte)'?';
        }
        output.Advance(text.Length);
    }

    private static ReadOnlySpan<byte> Phrase(int status) => status switch
    {
        101 => "Switching Protocols"u8,
        400 => "Bad Request"u8,
        401 => "Unauthorized"u8,
        403 => "Forbidden"u8,
        404 => "Not Found"u8,
        405 => "Method Not Allowed"u8,
        408 => "Request Timeout"u8,
        414 => "URI Too Long"u8,
        426 => "Upgrade Required"u8,
        429 => "Too Many Requests"u8,
        431 => "Request Header Fields Too Large"u8,
        500 => "Internal Server Error"u8,
        503 => "Service Unavailable"u8,
        505 => "HTTP Version Not Supported"u8,
        // A reason phrase may be empty (RFC 9112, 4).
        _ => default,
    };
}
