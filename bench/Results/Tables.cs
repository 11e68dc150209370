using System.Globalization;
using System.Text;

namespace Sluice.Bench.Results;

/// <summary>Results as Markdown.</summary>
internal static class Tables
{
    /// <summary>What the targets say and whether they are met, of all parts: one line for each target, and for each row without.</summary>
    internal static string Summary(IEnumerable<PartResult> parts)
    {
        StringBuilder text = new();
        text.AppendLine("| work | target | measured | |").AppendLine("|---|---|---|---|");
        foreach (Row row in parts.SelectMany(static part => part.Rows))
        {
            foreach (Target target in row.Targets)
            {
                string unit = target.Of is null ? $" {row.Unit}" : " x";
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| {row.Work} | {Figures.Text(target, row.Unit)} | {Figures.Spread(row.Judged(target))}{unit} | {(row.Meets(target) ? "met" : "**missed**")} |");
            }
        }
        return text.ToString();
    }

    /// <summary>Every series of a part.</summary>
    internal static string Of(PartResult part)
    {
        StringBuilder text = new();
        text.AppendLine("| work | load | unit | of | median (least to most) | first / this, paired | runs |").AppendLine("|---|---|---|---|---|---|---|");
        foreach (Row row in part.Rows)
        {
            for (int i = 0; i < row.Series.Length; i++)
            {
                Series series = row.Series[i];
                string lead = i == 0 ? $"{row.Work} | {row.Load} | {row.Unit}" : " | | ";
                string ratio = i == 0 ? "" : Figures.Spread(row.Series[0].RatiosTo(series));
                text.AppendLine(CultureInfo.InvariantCulture, $"| {lead} | {series.Name} | {Figures.Spread(series.Values)} | {ratio} | {series.Values.Length} |");
            }
        }
        return text.ToString();
    }
}
