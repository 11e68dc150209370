using System.Text.RegularExpressions;

namespace Sluice.Bench.Results;

/// <summary>The page of results: a text by hand, into which charts and tables are put between marks.</summary>
/// <remarks>A part's place begins with <c>&lt;!-- NAME: printed by bench/run --&gt;</c> and ends with <c>&lt;!-- /NAME --&gt;</c>; that of
/// all targets together is named <c>summary</c>.</remarks>
internal static class Page
{
    private const string Charts = "charts";

    /// <summary>Writes all that was ever measured into the page.</summary>
    /// <param name="file">The page; the charts lie in a directory beside it.</param>
    /// <param name="parts">In any order.</param>
    internal static void Write(string file, IReadOnlyList<PartResult> parts)
    {
        string directory = Path.Combine(Path.GetDirectoryName(file)!, Charts);
        Directory.CreateDirectory(directory);
        string page = Put(File.ReadAllText(file), "summary", Tables.Summary(parts));
        foreach (PartResult part in parts)
        {
            File.WriteAllText(Path.Combine(directory, $"{part.Part}.svg"), Chart.Of(part));
            page = Put(page, part.Part, $"""
                ![{part.Part}: medians, with the least and the most]({Charts}/{part.Part}.svg)

                Measured {part.Date} on {part.Machine}.

                {Tables.Of(part)}
                """);
        }
        File.WriteAllText(file, page);
    }

    private static string Put(string page, string name, string text)
    {
        Regex place = new($"(?<=<!-- {name}: printed by bench/run -->\n).*?(?=<!-- /{name} -->)", RegexOptions.Singleline);
        return place.Replace(page, $"\n{text.TrimEnd()}\n\n".Replace("$", "$$", StringComparison.Ordinal), 1);
    }
}
