using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sluice.Bench.Results;

/// <summary>What one part measured, kept as JSON with every single value until the part is measured again.</summary>
/// <param name="Part">Its name.</param>
/// <param name="Date">When, as year-month-day.</param>
/// <param name="Machine">On what.</param>
/// <param name="Rows">In the order of the tables.</param>
internal sealed record PartResult(string Part, string Date, string Machine, Row[] Rows)
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>As of now, on this machine.</summary>
    internal static PartResult Of(string part, IEnumerable<Row> rows) =>
        new(part, DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), DescribeMachine(), [.. rows]);

    /// <summary>Reads what was kept in a directory; null when the part was never measured.</summary>
    internal static PartResult? Read(string directory, string part)
    {
        string file = PathOf(directory, part);
        return File.Exists(file) ? JsonSerializer.Deserialize<PartResult>(File.ReadAllText(file), s_json) : null;
    }

    internal void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        File.WriteAllText(PathOf(directory, Part), JsonSerializer.Serialize(this, s_json) + "\n");
    }

    private static string PathOf(string directory, string part) => Path.Combine(directory, $"{part}.json");

    private static string DescribeMachine()
    {
        int cores = File.ReadLines("/proc/cpuinfo").Count(static line => line.StartsWith("processor", StringComparison.Ordinal)); // not only those we are bound to
        string kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim().Split('-')[0];
        return $"{cores} cores, Linux {kernel}";
    }
}
