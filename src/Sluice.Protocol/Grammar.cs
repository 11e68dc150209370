using System.Buffers;
using System.Text;

namespace Sluice.Protocol;

/// <summary>The alphabets of RFC 9110, 5.5 and 5.6, and RFC 9112, 3.2.</summary>
internal static class Grammar
{
    private const string TokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> s_tokenCharacters = SearchValues.Create(TokenCharacters);

    internal static readonly SearchValues<byte> TokenBytes = SearchValues.Create(Encoding.ASCII.GetBytes(TokenCharacters));

    /// <summary>Tab, space, what can be seen, and obs-text: no other control character, no DEL.</summary>
    internal static readonly SearchValues<byte> FieldValueBytes = SearchValues.Create(FieldValues());

    /// <summary>What can be seen in ASCII.</summary>
    internal static readonly SearchValues<byte> TargetBytes =
        SearchValues.Create("!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    internal static bool IsToken(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(TokenBytes);

    internal static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_tokenCharacters);

    /// <summary>A tab or printable ASCII: what we write of somebody else's text.</summary>
    internal static bool IsLineCharacter(char c) => c is (>= ' ' and <= '~') or '\t';

    internal static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(text, word);

    internal static ReadOnlySpan<byte> TrimSpace(ReadOnlySpan<byte> text) => text.Trim(" \t"u8);

    /// <summary>Whether a comma-separated list has this element, whatever its case.</summary>
    internal static bool ListHas(ReadOnlySpan<byte> list, ReadOnlySpan<byte> word)
    {
        foreach (Range element in list.Split((byte)','))
        {
            if (Is(TrimSpace(list[element]), word))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>RFC 6455, 9.1: <c>token *( ";" token [ "=" ( token | quoted token ) ] )</c>, comma-separated, none empty.</summary>
    internal static bool IsExtensionList(ReadOnlySpan<byte> value)
    {
        // A quoted value, unquoted, must be a token (9.1), so no quote can hide a comma or a semicolon.
        foreach (Range offer in value.Split((byte)','))
        {
            bool name = true;
            foreach (Range part in value[offer].Split((byte)';'))
            {
                ReadOnlySpan<byte> text = TrimSpace(value[offer][part]);
                if (name ? !IsToken(text) : !IsExtensionParameter(text))
                {
                    return false;
                }
                name = false;
            }
        }
        return true;
    }

    /// <summary>What stands between the quotes, if it is quoted.</summary>
    internal static ReadOnlySpan<byte> Unquote(ReadOnlySpan<byte> value) => IsQuoted(value) ? value[1..^1] : value;

    private static bool IsQuoted(ReadOnlySpan<byte> value) => value.Length >= 2 && value[0] == '"' && value[^1] == '"';

    private static bool IsExtensionParameter(ReadOnlySpan<byte> text)
    {
        int equals = text.IndexOf((byte)'=');
        if (equals < 0)
        {
            return IsToken(text);
        }
        ReadOnlySpan<byte> value = TrimSpace(text[(equals + 1)..]);
        return IsToken(TrimSpace(text[..equals])) && (IsQuoted(value) ? IsEscapedToken(value[1..^1]) : IsToken(value));
    }

    // Within quotes a backslash takes the next byte as it is (RFC 9110, 5.6.4).
    private static bool IsEscapedToken(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            i += text[i] == '\\' && i + 1 < text.Length ? 1 : 0;
            if (!TokenBytes.Contains(text[i]))
            {
                return false;
            }
        }
        return !text.IsEmpty;
    }

    private static ReadOnlySpan<byte> FieldValues()
    {
        List<byte> bytes = [(byte)'\t'];
        for (int b = ' '; b <= byte.MaxValue; b++)
        {
            if (b != 0x7F)
            {
                bytes.Add((byte)b);
            }
        }
        return bytes.ToArray();
    }
}
