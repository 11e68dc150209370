using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sluice.Bench;

/// <summary>The tables: printed, and written as Markdown and as JSON with every single value.</summary>
internal sealed class Report
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    private readonly List<EchoCost> _costs = [];
    private readonly List<IdleMemory> _memories = [];

    internal void Add(IEnumerable<EchoCost> costs) => _costs.AddRange(costs);

    internal void Add(IEnumerable<IdleMemory> memories) => _memories.AddRange(memories);

    /// <summary>Prints, and writes into a directory the parts that were measured.</summary>
    internal void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        int cores = File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal)); // not only the one we are bound to
        string machine = $"{cores} cores, Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
        string text = ToMarkdown(machine);
        Console.WriteLine(text);
        File.WriteAllText(Path.Combine(directory, "latest.md"), text);
        File.WriteAllText(Path.Combine(directory, "latest.json"), JsonSerializer.Serialize(new { machine, echo = _costs, idle = _memories }, s_json));
    }

    private string ToMarkdown(string machine)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"Machine: {machine}. Server on one core, load on another.");
        if (_costs.Count > 0)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"## Server CPU per echo of {EchoLoad.PayloadBytes} bytes, {EchoCost.Connections} connections").AppendLine();
            text.AppendLine("| A | B | pipeline | A, us | B, us | A / B, median | least | most | pairs |").AppendLine("|---|---|---|---|---|---|---|---|---|");
            foreach (EchoCost cost in _costs)
            {
                double[] ratios = cost.Ratios;
                text.AppendLine(CultureInfo.InvariantCulture, $"| {cost.First} | {cost.Second} | {cost.Pipeline} | {Median(cost.FirstMicroseconds):f2} | {Median(cost.SecondMicroseconds):f2} | **{Median(ratios):f2}** | {ratios.Min():f2} | {ratios.Max():f2} | {ratios.Length} |");
            }
        }
        if (_memories.Count > 0)
        {
            text.AppendLine().AppendLine("## Resident bytes of the server").AppendLine();
            text.AppendLine("| server | per idle | slope, 4,000 to 16,000, median | least | most | plain, 0 to 10,000, median | resident at 0 | runs |").AppendLine("|---|---|---|---|---|---|---|---|");
            foreach (IGrouping<(string Server, string What), IdleMemory> runs in _memories.GroupBy(memory => (memory.Server, memory.What)))
            {
                double[] slopes = [.. runs.Select(run => run.SlopeBytes)];
                double plain = Median([.. runs.Select(run => run.PlainBytes)]);
                double bare = Median([.. runs.Select(run => run.ResidentBytes[0] / 1048576.0)]);
                text.AppendLine(CultureInfo.InvariantCulture, $"| {runs.Key.Server} | {runs.Key.What} | **{Median(slopes):n0}** | {slopes.Min():n0} | {slopes.Max():n0} | {plain:n0} | {bare:f1} MiB | {slopes.Length} |");
            }
        }
        return text.ToString();
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
