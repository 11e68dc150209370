using System.Text;

namespace Sluice.Fuzz;

/// <summary>The negotiation of extensions: the same as for any head, but only the value of the header changes. An input is two bytes
/// of settings and the lines, divided by zero bytes.</summary>
internal sealed class ExtensionsTarget() : RequestHeadTarget("extensions")
{
    private const int SettingBytes = 2;

    private static readonly string[] s_lines =
    [
        "permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=\"9\", permessage-deflate",
        "x; y=z\0permessage-deflate; server_max_window_bits=16, permessage-deflate;client_max_window_bits=8",
        "a; b=\"c\\d\"",
    ];

    /// <inheritdoc/>
    public override int InputBytesMax => 512;

    /// <inheritdoc/>
    public override IEnumerable<byte[]> Seeds => s_lines.Select(static line => (byte[])[0x10, 0, .. Encoding.Latin1.GetBytes(line)]);

    /// <inheritdoc/>
    public override void Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < SettingBytes)
        {
            return;
        }
        string lines = Encoding.Latin1.GetString(input[SettingBytes..]).Replace("\0", "\r\nSec-WebSocket-Extensions: ", StringComparison.Ordinal);
        byte settings = (byte)(input[0] & 0x3E);
        Judge(Encoding.Latin1.GetBytes($"{HeadSeeds.RequestBegin}Sec-WebSocket-Extensions: {lines}\r\n\r\n"), settings, new Dice(input[1]));
    }

    /// <inheritdoc/>
    public override bool Reshape(List<byte> input, Dice dice)
    {
        if (input.Count < SettingBytes)
        {
            return false;
        }
        int at = dice.Below(3) == 0 ? input.Count : SettingBytes;
        input.RemoveRange(at, input.Count - at);
        input.AddRange(Encoding.Latin1.GetBytes((at > SettingBytes ? "\0" : "") + new HeadShaper(dice).Extensions()));
        return true;
    }
}
