using System.Globalization;
using System.Net;
using System.Text;

namespace Sluice.Bench.Results;

/// <summary>Rows as horizontal bars, in SVG: a panel for each row, with a scale of its own from zero.</summary>
/// <remarks>A bar is the median, its whisker the least and the most, a dashed line the target where it is a bound in the row's unit or a
/// multiple of another's median. The colours follow the reader's light or dark theme.</remarks>
internal sealed class Chart
{
    private const int Width = 760;
    private const int LabelWidth = 190;
    private const int ValueWidth = 80;
    private const int BarsWidth = Width - LabelWidth - ValueWidth;
    private const int BarHeight = 16;
    private const int BarStep = 22;
    private const int PanelHead = 42;
    private const int PanelFoot = 34;

    private const string Style = """
        <style>
        svg { --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --first: #0969da; --other: #a8b3bf; --target: #bc4c00; --paper: #ffffff }
        @media (prefers-color-scheme: dark) { svg { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --first: #4493f8; --other: #656c76; --target: #f0883e; --paper: #0d1117 } }
        text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--ink); stroke: var(--paper); stroke-width: 3px; paint-order: stroke }
        .work { font-weight: 600; font-size: 14px } .soft { fill: var(--soft); font-size: 12px } .aim { fill: var(--target); font-size: 12px }
        .end { text-anchor: end } .middle { text-anchor: middle }
        .first { fill: var(--first) } .other { fill: var(--other) } .paper { fill: var(--paper) }
        .axis { stroke: var(--line) } .whisker { stroke: var(--ink); stroke-width: 1.2 } .target { stroke: var(--target); stroke-width: 1.5; stroke-dasharray: 4 3 }
        </style>
        """;

    private readonly StringBuilder _body = new();
    private int _top = 8;

    private Chart()
    {
    }

    /// <summary>Draws the rows of a part.</summary>
    internal static string Of(PartResult part)
    {
        Chart chart = new();
        foreach (Row row in part.Rows.Where(static row => row.Series.Any(static series => series.Values.Max() > 0)))
        {
            chart.AddPanel(row);
        }
        string title = WebUtility.HtmlEncode($"{part.Part}: {string.Join("; ", part.Rows.Select(static row => row.Work))}");
        return Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {chart._top}" width="{Width}" height="{chart._top}" role="img" aria-label="{title}">
            {Style}
            <rect class="paper" width="{Width}" height="{chart._top}"/>
            {chart._body}</svg>

            """);
    }

    private void AddPanel(Row row)
    {
        double[] lines = [.. row.Targets.Select(target => target.Value * (target.Of is null ? 1 : Statistics.Median(row.Of(target.Of).Values)))];
        double end = RoundUp(row.Series.SelectMany(static series => series.Values).Concat(lines).Append(1e-9).Max());
        AddText(8, _top + 16, "work", row.Work);
        AddText(8, _top + 33, "soft", row.Load);
        AddText(Width - 8, _top + 16, "aim end", string.Join(", ", row.Targets.Select(target => Figures.Text(target, row.Unit))));
        AddText(Width - 8, _top + 33, "soft end", row.Unit);
        _top += PanelHead;
        AddAxis(row.Series.Length * BarStep, end);
        foreach (double line in lines)
        {
            Add($"""<path class="target" d="M{At(line, end):f1} {_top - 4}v{(row.Series.Length * BarStep) + 8}"/>""");
        }
        for (int i = 0; i < row.Series.Length; i++)
        {
            AddBar(row.Series[i], i == 0 ? "first" : "other", end);
        }
        _top += PanelFoot;
    }

    private void AddBar(Series series, string kind, double end)
    {
        double median = Statistics.Median(series.Values);
        double middle = _top + (BarHeight / 2.0);
        AddText(LabelWidth - 8, middle + 4.5, "end", series.Name);
        Add($"""<rect class="{kind}" x="{LabelWidth}" y="{_top}" width="{Math.Max(At(median, end) - LabelWidth, 1):f1}" height="{BarHeight}" rx="2"/>""");
        double most = median;
        if (series.Values.Length > 1)
        {
            most = series.Values.Max();
            Add($"""<path class="whisker" d="M{At(series.Values.Min(), end):f1} {middle:f1}H{At(most, end):f1}m0 -4v8M{At(series.Values.Min(), end):f1} {middle - 4:f1}v8"/>""");
        }
        AddText(At(most, end) + 8, middle + 4.5, "", Figures.Text(median));
        _top += BarStep;
    }

    private void AddAxis(int height, double end)
    {
        const int Steps = 4;
        for (int i = 0; i <= Steps; i++)
        {
            double x = At(end * i / Steps, end);
            Add($"""<path class="axis" d="M{x:f1} {_top - 4}v{height + 4}"/>""");
            AddText(x, _top + height + 14, "soft middle", (end * i / Steps).ToString("#,0.####", CultureInfo.InvariantCulture));
        }
    }

    private static double At(double value, double end) => LabelWidth + (value / end * BarsWidth);

    /// <summary>The next of 1, 2, 4, 5, 8 times a power of ten, so that four steps have short numbers.</summary>
    private static double RoundUp(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return new[] { 1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10 }.First(step => step * power >= value * (1 - 1e-12)) * power;
    }

    private void AddText(double x, double y, string kind, string text) =>
        Add($"""<text class="{kind}" x="{x:f1}" y="{y:f1}">{WebUtility.HtmlEncode(text)}</text>""");

    private void Add(FormattableString markup) => _body.AppendLine(Invariant(markup));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
