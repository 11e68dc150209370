using System.Text.Json;
using System.Text.Unicode;

namespace Sluice.Channels.Wire;

/// <summary>Values of others that must stand in the midst of JSON.</summary>
internal static class JsonData
{
    /// <summary>Whether it is one JSON value.</summary>
    public static bool IsJson(ReadOnlySpan<byte> data)
    {
        if (!Utf8.IsValid(data))
        {
            return false;
        }
        try
        {
            Utf8JsonReader reader = new(data);
            while (reader.Read())
            {
                // One value and nothing else, which reading on to the end finds out.
            }
            return true;
        }
        catch (JsonException)
        {
            return false; // the library's way to say so
        }
    }

    /// <summary>A copy without raw newlines, which separate messages on the wire; in JSON they can only be white space.</summary>
    public static byte[] WithoutNewlines(ReadOnlySpan<byte> json)
    {
        byte[] copy = new byte[json.Length];
        int length = 0;
        while (true)
        {
            int end = json.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> part = end < 0 ? json : json[..end];
            part.CopyTo(copy.AsSpan(length));
            length += part.Length;
            if (end < 0)
            {
                return length == copy.Length ? copy : copy[..length];
            }
            json = json[(end + 1)..];
        }
    }
}
