using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Fuzz;

/// <summary>Changes a head line by line, and makes values that are nearly right.</summary>
/// <param name="dice">Decides everything.</param>
internal sealed class HeadShaper(Dice dice)
{
    private static readonly string[] s_names =
    [
        "Host", "Upgrade", "Connection", "Origin", "Content-Length", "Transfer-Encoding", "Sec-WebSocket-Version", "Sec-WebSocket-Key",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions", "Sec-WebSocket-Extensions", "Cookie",
    ];

    private static readonly string[] s_values =
    [
        "localhost", "localhost:8080", "[::1]", "[::1]:80", "websocket", "Upgrade", "keep-alive, upgrade", "http://localhost:8080",
        "https://localhost:8080", "http://localhost", "https://example.com",
        "HTTPS://EXAMPLE.COM:443", "null", "0", "00", "chunked", "13", "14", "dGhlIHNhbXBsZSBub25jZQ==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI=", "",
    ];

    private static readonly string[] s_tokens = ["chat", "superchat", "Chat", "x", "!", ""];
    private static readonly string[] s_extensions =
    [
        "permessage-deflate", "permessage-deflate", "permessage-deflate", "permessage-deflatex", "Permessage-Deflate", "x",
    ];
    private static readonly string[] s_parameters =
    [
        "server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "server_max_window_bits",
        "client_max_window_bits", "client_max_window_bits", "x",
    ];

    private static readonly string[] s_bits = ["8", "9", "10", "11", "12", "15", "16", "7", "08", "+9", "\"10\"", "\"1\\0\"", "\"\"", "true"];
    private static readonly string[] s_spaces = ["", "", "", " ", "\t "];

    /// <summary>The head, and what follows it, with one line changed.</summary>
    /// <param name="bytes">Changed.</param>
    /// <param name="from">Where the head begins.</param>
    public void Reshape(List<byte> bytes, int from)
    {
        string text = Encoding.Latin1.GetString(CollectionsMarshal.AsSpan(bytes)[from..]);
        List<string> lines = [.. text.Split("\r\n")];
        int at = Math.Min(1 + dice.Below(lines.Count), lines.Count - 1);
        switch (dice.Below(5))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(at, lines[dice.Below(lines.Count)]);
                break;
            case 2 when lines[at].Contains(':', StringComparison.Ordinal):
                string name = lines[at].Split(':')[0];
                lines[at] = $"{name}:{dice.Of<string>(s_spaces)}{ValueOf(name)}{dice.Of<string>(s_spaces)}";
                break;
            default:
                string fresh = dice.Of<string>(s_names);
                lines.Insert(at, $"{fresh}: {ValueOf(fresh)}");
                break;
        }
        bytes.RemoveRange(from, bytes.Count - from);
        bytes.AddRange(Encoding.Latin1.GetBytes(string.Join("\r\n", lines)));
    }

    /// <summary>A list of extensions, mostly well-formed.</summary>
    public string Extensions() => List(Extension);

    private string ValueOf(string name) => name switch
    {
        "Sec-WebSocket-Extensions" => Extensions(),
        "Sec-WebSocket-Protocol" => List(() => dice.Of<string>(s_tokens)),
        _ => dice.Of<string>(s_values),
    };

    private string List(Func<string> element)
    {
        StringBuilder list = new(element());
        for (int more = dice.Below(dice.Below(4) + 1); more > 0; more--)
        {
            list.Append(dice.Of<string>(s_spaces)).Append(',').Append(dice.Of<string>(s_spaces)).Append(element());
        }
        return list.ToString();
    }

    private string Extension()
    {
        StringBuilder extension = new(dice.Of<string>(s_extensions));
        for (int more = dice.Below(5); more > 0; more--)
        {
            string parameter = dice.Of<string>(s_parameters);
            extension.Append(dice.Of<string>(s_spaces)).Append(';').Append(dice.Of<string>(s_spaces)).Append(parameter);
            bool usual = parameter.EndsWith("bits", StringComparison.Ordinal);
            if (dice.Below(8) == 0 ? !usual : usual)
            {
                extension.Append('=').Append(dice.Below(16) == 0 ? " " : "").Append(dice.Of<string>(s_bits));
            }
        }
        return extension.ToString();
    }
}
