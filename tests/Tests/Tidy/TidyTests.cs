using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sluice.Tests.Tidy;

/// <summary>What no analyzer says about the sources themselves.</summary>
public sealed partial class TidyTests
{
    // Ratchets: the longest there is. They only go down.
    private const int FileLinesMax = 320;
    private const int MethodLinesMax = 50;

    private static readonly string s_root = FindRoot();
    private static readonly string[] s_files = ListFiles();

    private static readonly Dictionary<string, string[]> s_arrows = new()
    {
        ["Sluice.Protocol"] = [],
        ["Sluice.Loop"] = ["Sluice.Protocol"],
        ["Sluice.Channels"] = ["Sluice.Protocol", "Sluice.Loop"],
        ["Sluice.WebSockets"] = ["Sluice.Protocol", "Sluice.Loop"],
        ["Sluice.AspNetCore"] = ["Sluice.Channels", "Sluice.WebSockets"],
        ["Sluice.Server"] = ["Sluice.AspNetCore"],
    };

    private static readonly string[] s_pure = ["Sluice.Protocol", "Sluice.Loop", "Sluice.Channels"];

    [Fact]
    public void Arrows_between_projects_point_down()
    {
        foreach (string project in s_files.Where(static file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            IEnumerable<string> references = XDocument.Load(Path.Combine(s_root, project)).Descendants("ProjectReference")
                .Select(static reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            Assert.Subset(new HashSet<string>(s_arrows[name]), new HashSet<string>(references));
        }
    }

    [Fact]
    public void Source_projects_do_not_show_their_insides_to_each_other() =>
        Assert.Empty(Matching(Sources("src/"), InternalsVisible()));

    [Fact]
    public void Pure_projects_have_no_lock_and_no_task()
    {
        IEnumerable<string> pure = s_pure.SelectMany(static project => Sources($"src/{project}/"));
        Assert.Empty(Matching(pure, LockOrTask()));
    }

    [Fact]
    public void Files_and_methods_are_no_longer_than_the_longest_so_far()
    {
        List<string> tooLong = [];
        foreach (string file in Sources("src/"))
        {
            string[] lines = File.ReadAllLines(Path.Combine(s_root, file));
            if (lines.Length > FileLinesMax)
            {
                tooLong.Add($"{file}: {lines.Length} lines");
            }
            tooLong.AddRange(LongMethods(file, lines));
        }
        Assert.Empty(tooLong);
    }

    [Fact]
    public void No_file_names_a_registry_or_a_path_of_some_machine()
    {
        IEnumerable<string> texts = s_files.Where(static file => !file.EndsWith("TidyTests.cs", StringComparison.Ordinal) && File.Exists(Path.Combine(s_root, file)));
        Assert.Empty(Matching(texts, RegistryOrMachinePath()));
    }

    [Fact]
    public void Every_package_line_has_its_reason_above_it()
    {
        string[] lines = File.ReadAllLines(Path.Combine(s_root, "Directory.Packages.props"));
        string[] unexplained = [.. lines.Where((line, i) => line.Contains("<PackageVersion", StringComparison.Ordinal) && !lines[i - 1].TrimEnd().EndsWith("-->", StringComparison.Ordinal))];
        Assert.Empty(unexplained);
    }

    [Fact]
    public void Sources_hold_no_regions_and_no_notes_to_self() =>
        Assert.Empty(Matching(Sources("src/").Concat(Sources("tests/")), RegionOrNote()));

    private static IEnumerable<string> Sources(string folder) => s_files.Where(file =>
        file.StartsWith(folder, StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
        && !file.EndsWith("TidyTests.cs", StringComparison.Ordinal) && File.Exists(Path.Combine(s_root, file)));

    private static IEnumerable<string> Matching(IEnumerable<string> files, Regex pattern)
    {
        foreach (string file in files)
        {
            string[] lines = File.ReadAllLines(Path.Combine(s_root, file));
            for (int i = 0; i < lines.Length; i++)
            {
                if (pattern.IsMatch(lines[i]))
                {
                    yield return $"{file}:{i + 1}: {lines[i].Trim()}";
                }
            }
        }
    }

    // A member's body, by the layout that the formatter enforces: a brace alone at one indent, and its partner.
    private static IEnumerable<string> LongMethods(string file, string[] lines)
    {
        for (int i = 1; i < lines.Length; i++)
        {
            string indent = lines[i].Length > 1 ? lines[i][..^1] : string.Empty;
            if (!lines[i].EndsWith('{') || indent.Length is not (4 or 8) || indent.Any(static c => c != ' ') || !lines[i - 1].TrimEnd().EndsWith(')'))
            {
                continue;
            }
            int end = Array.FindIndex(lines, i, line => line.StartsWith(indent + "}", StringComparison.Ordinal));
            if (end - i > MethodLinesMax)
            {
                yield return $"{file}:{i}: {end - i} lines: {lines[i - 1].Trim()}";
            }
        }
    }

    private static string[] ListFiles()
    {
        ProcessStartInfo git = new("git", ["ls-files", "--cached", "--others", "--exclude-standard"]) { WorkingDirectory = s_root, RedirectStandardOutput = true };
        using Process process = Process.Start(git)!;
        string[] files = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return process.ExitCode == 0 && files.Length > 0 ? files : throw new InvalidOperationException("git lists no files here");
    }

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../.."));

    [GeneratedRegex(@"InternalsVisibleTo")]
    private static partial Regex InternalsVisible();

    [GeneratedRegex(@"^\s*lock\s*\(|\basync\b|\bTask[<\s.?]|\bawait\b")]
    private static partial Regex LockOrTask();

    [GeneratedRegex(@"registry\.npmjs|api\.nuget\.org|deb\.debian\.org|""resolved"":\s*""https?:|(^|[\s""'=(])/(work|root|tmp|home)/")]
    private static partial Regex RegistryOrMachinePath();

    [GeneratedRegex(@"^\s*#region|\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex RegionOrNote();
}
