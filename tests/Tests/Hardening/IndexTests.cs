using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Sluice.Tests.Hardening;

/// <summary>docs/hardening.md is the index: it has a row for each line, and each row lists the files whose tests bear its number.</summary>
public sealed partial class IndexTests
{
    private const int Lines = 52;
    private const int CoreColumn = 4;
    private const int LiveColumn = 5;

    private static readonly string s_root = Path.GetFullPath(Path.Combine(Folder(), "../../.."));

    [Fact]
    public void Each_line_has_a_row_in_order() => Assert.Equal(Enumerable.Range(1, Lines), Rows().Select(static row => row.Number));

    [Theory]
    [InlineData("tests/Tests", CoreColumn)]
    [InlineData("tests/Live", LiveColumn)]
    public void Each_row_lists_the_files_with_its_tests_and_no_other(string folder, int column)
    {
        ILookup<int, string> tested = Directory.EnumerateFiles(Path.Combine(s_root, folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(static file => TestOfLine().Matches(File.ReadAllText(file))
                .Select(match => (Number: int.Parse(match.Groups[1].ValueSpan), File: Path.GetFileNameWithoutExtension(file))))
            .Distinct().ToLookup(static test => test.Number, static test => test.File);
        foreach ((int number, string[] cells) in Rows())
        {
            IEnumerable<string> listed = Name().Matches(cells[column]).Select(static match => match.Groups[1].Value);
            Assert.Equal((number, Join(tested[number])), (number, Join(listed)));
        }
    }

    private static string Join(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal));

    private static IEnumerable<(int Number, string[] Cells)> Rows() =>
        from line in File.ReadLines(Path.Combine(s_root, "docs/hardening.md"))
        let cells = line.Split('|')
        where cells.Length > LiveColumn && int.TryParse(cells[1], out _)
        select (int.Parse(cells[1]), cells);

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [GeneratedRegex(@"\b(?:void|Task) Hardening(\d\d)_")]
    private static partial Regex TestOfLine();

    [GeneratedRegex("`(\\w+)`")]
    private static partial Regex Name();
}
