using System.Reflection;
using System.Runtime.Loader;
using SharpFuzz;

namespace Sluice.Fuzz;

/// <summary>A world in which the parsers tell which branches they take. This program itself is loaded into it a second time, so
/// that it is linked to them; the files that the build made stay as they are.</summary>
internal sealed class InstrumentedContext : AssemblyLoadContext
{
    // In this order, because a branch's number depends on how many were numbered before it.
    private static readonly string[] s_assemblies = ["Sluice.Protocol", "Sluice.Fuzz"];

    private static readonly string[] s_namespaces = ["Sluice.Protocol.", "Sluice.Channels.", "Sluice.Fuzz.CanaryParser"];

    private readonly Dictionary<string, byte[]> _images = [];

    public InstrumentedContext()
    {
        foreach (string name in s_assemblies)
        {
            _images.Add(name, Instrument(Path.Combine(AppContext.BaseDirectory, name + ".dll")));
        }
    }

    /// <summary>Runs the command there.</summary>
    public int Run(string[] args)
    {
        Type command = LoadFromAssemblyName(new AssemblyName("Sluice.Fuzz")).GetType(typeof(FuzzCommand).FullName!, throwOnError: true)!;
        return command.GetMethod(nameof(FuzzCommand.Run))!.CreateDelegate<Func<string[], int>>()(args);
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (!_images.TryGetValue(assemblyName.Name!, out byte[]? image))
        {
            return null;
        }
        using MemoryStream stream = new(image);
        return LoadFromStream(stream);
    }

    // The library changes a file in place, so it is given a copy.
    private static byte[] Instrument(string file)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sluice-fuzz-");
        try
        {
            string copy = Path.Combine(folder.FullName, Path.GetFileName(file));
            File.Copy(file, copy);
            int types = Fuzzer.Instrument(copy, IsMeasured, Options.Value).Count();
            return types > 0 ? File.ReadAllBytes(copy) : throw new InvalidOperationException($"nothing of {file} is measured");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool IsMeasured(string type) => s_namespaces.Any(name => type.StartsWith(name, StringComparison.Ordinal));
}
