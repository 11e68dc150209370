using System.Globalization;
using System.IO.Hashing;
using System.Numerics;
using System.Text;

namespace Sluice.Simulator;

/// <summary>What happened, in order: a digest of all of it (the proof that a replay is the same run), the last lines
/// of it (for whoever reads a failure), and on demand every line as it comes.</summary>
internal sealed class Trace(TextWriter? live)
{
    private const int LinesKept = 100;

    private readonly Line[] _lines = new Line[LinesKept];

    private readonly record struct Line(long At, string Who, string What, long A, long B, string Text);

    /// <summary>Over every event so far.</summary>
    public ulong Digest { get; private set; } = 0x9E3779B97F4A7C15;

    public long Count { get; private set; }

    /// <summary>One event. The texts are constants or shared, so that tracing allocates nothing.</summary>
    public void Note(long at, string who, string what, long a = 0, long b = 0, string text = "")
    {
        Mix((ulong)at);
        Mix(who);
        Mix(what);
        Mix((ulong)a);
        Mix((ulong)b);
        Mix(text);
        Line line = new(at, who, what, a, b, text);
        _lines[(int)(Count++ % LinesKept)] = line;
        live?.WriteLine(Format(line));
    }

    /// <summary>What was said, for whoever watches; no part of the digest.</summary>
    public void Quote(ReadOnlySpan<byte> text) => live?.WriteLine($"{"",8} {Encoding.UTF8.GetString(text)}");

    /// <summary>Makes bytes a part of the run without a line of their own.</summary>
    public void Mix(ReadOnlySpan<byte> bytes) => Mix(XxHash3.HashToUInt64(bytes));

    public IReadOnlyList<string> LastLines()
    {
        List<string> lines = [];
        for (long i = Math.Max(0, Count - LinesKept); i < Count; i++)
        {
            lines.Add(Format(_lines[(int)(i % LinesKept)]));
        }
        return lines;
    }

    private void Mix(ulong word) => Digest = (BitOperations.RotateLeft(Digest, 27) ^ word) * 0x9FB21C651E98DF25;

    private void Mix(string text)
    {
        foreach (char c in text)
        {
            Mix((ulong)c);
        }
    }

    private static string Format(Line line) => string.Create(CultureInfo.InvariantCulture,
        $"{line.At,8} {line.Who,-10} {line.What,-18} {line.A,6} {line.B,8} {line.Text}").TrimEnd();
}
