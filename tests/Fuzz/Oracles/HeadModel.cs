using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sluice.Fuzz;

/// <summary>An HTTP/1.1 head, read by a grammar of one line instead of a scanner: slow, and easy to believe (RFC 9112, 3 to 5).</summary>
internal sealed partial record HeadModel
{
    private HeadModel(string text, bool request)
    {
        Length = text.Length;
        string[] lines = text.Split("\r\n")[..^2];
        string[] start = lines[0].Split(' ', 3);
        (Method, Target, Status) = request ? (start[0], start[1], 0) : ("", "", int.Parse(start[1], CultureInfo.InvariantCulture));
        Headers = [.. lines[1..].Select(static line => line.Split(':', 2)).Select(static parts => (parts[0], parts[1].Trim(' ', '\t')))];
    }

    /// <summary>In bytes, with the empty line.</summary>
    public int Length { get; }

    /// <summary>Of a request.</summary>
    public string Method { get; }

    /// <summary>Of a request.</summary>
    public string Target { get; }

    /// <summary>Of a response.</summary>
    public int Status { get; }

    /// <summary>The lines, in order; values without the space around them.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; }

    /// <summary>The request at the beginning of the bytes; null if there is no whole and well-formed one.</summary>
    public static HeadModel? Request(ReadOnlySpan<byte> bytes) => Read(RequestGrammar(), bytes, request: true);

    /// <summary>Likewise for a response.</summary>
    public static HeadModel? Response(ReadOnlySpan<byte> bytes) => Read(ResponseGrammar(), bytes, request: false);

    /// <summary>The values of a header's lines.</summary>
    public string[] Values(string name) =>
        [.. Headers.Where(line => line.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static line => line.Value)];

    /// <summary>The elements of a header that is a list.</summary>
    public string[] Elements(string name) =>
        [.. Values(name).SelectMany(static value => value.Split(',')).Select(static element => element.Trim(' ', '\t'))];

    private static HeadModel? Read(Regex grammar, ReadOnlySpan<byte> bytes, bool request)
    {
        Match match = grammar.Match(Encoding.Latin1.GetString(bytes));
        return match.Success ? new HeadModel(match.Value, request) : null;
    }

    [GeneratedRegex(@"\A[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-~]+ HTTP/1\.1\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xFF]*\r\n)*\r\n")]
    private static partial Regex RequestGrammar();

    [GeneratedRegex(@"\AHTTP/1\.1 [0-9]{3}( [\t -~\x80-\xFF]*)?\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xFF]*\r\n)*\r\n")]
    private static partial Regex ResponseGrammar();
}
