using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Sluice.Fuzz;

/// <summary>The inputs in files, one folder a target: what takes every way (<c>corpus</c>), what once broke a rule and must not
/// again (<c>vectors</c>), and what breaks one now (<c>crashes</c>).</summary>
internal sealed class InputStore
{
    /// <summary>The most files of a target's corpus.</summary>
    public const int CorpusFilesMax = 150;

    /// <summary>A file of the corpus is shorter.</summary>
    public const int CorpusFileBytesMax = 1024;

    private const string Running = ".running";

    private static readonly string s_root = FindRoot();

    /// <summary>The vectors of a target.</summary>
    public IEnumerable<byte[]> Vectors(Target target) => Files("vectors", target).Select(File.ReadAllBytes);

    /// <summary>The corpus of a target.</summary>
    public IEnumerable<byte[]> Corpus(Target target) => Files("corpus", target).Select(File.ReadAllBytes);

    /// <summary>Replaces the corpus of a target.</summary>
    public void SaveCorpus(Target target, IEnumerable<byte[]> inputs)
    {
        HashSet<string> kept = [.. inputs.Select(input => Save("corpus", target, input))];
        foreach (string file in Files("corpus", target).Where(file => !kept.Contains(file)))
        {
            File.Delete(file);
        }
    }

    /// <summary>Keeps an input that broke a rule.</summary>
    /// <returns>The file.</returns>
    public string SaveCrash(Target target, byte[] input) => Save("crashes", target, input);

    /// <summary>Where this process notes what it runs.</summary>
    public string RunningFile(Target target)
    {
        string folder = Path.Combine(s_root, "crashes");
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, $"{target.Name}.{Environment.ProcessId}{Running}");
    }

    /// <summary>Where others do, or did.</summary>
    public string[] RunningFiles(Target target)
    {
        string folder = Path.Combine(s_root, "crashes");
        return Directory.Exists(folder) ? Directory.GetFiles(folder, $"{target.Name}.*{Running}") : [];
    }

    /// <summary>What runs one file again.</summary>
    public static string ReplayCommand(string file) =>
        $"dotnet run -c Release --project tests/Fuzz -- --replay {Path.GetRelativePath(Path.Combine(s_root, "../.."), file)}";

    private static string Save(string kind, Target target, byte[] input)
    {
        string folder = Path.Combine(s_root, kind, target.Name);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input).AsSpan(0, 8)));
        File.WriteAllBytes(file, input);
        return file;
    }

    // Sorted, because a run must not depend on the order that a file system likes.
    private static string[] Files(string kind, Target target)
    {
        string folder = Path.Combine(s_root, kind, target.Name);
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder) : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    private static string FindRoot([CallerFilePath] string thisFile = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, ".."));
}
