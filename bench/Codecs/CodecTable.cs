using System.Globalization;
using System.Text;

namespace Sluice.Bench.Codecs;

/// <summary>The codecs side by side, on the committed messages: what goes on the wire, and what it costs.</summary>
internal static class CodecTable
{
    private const int RunBytes = 4096;
    private const int WarmUpPasses = 4;
    private const int Rounds = 8;
    private const int Contexts = 64;

    private static readonly string[] s_data = ["chat", "quotes", "dashboard"];
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(20);
    private static readonly int[] s_inflatedBytes = [200, 4096, 65_536];

    private static Codec[] NewCodecs() => [new OwnCodec(), new SystemZlib(), new RuntimeCodec(), new SharpZipLibCodec()];

    /// <summary>Prints the tables. About 20 s of one core.</summary>
    /// <param name="directory">Where the messages are.</param>
    internal static void Print(string directory)
    {
        byte[][][] data = [.. s_data.Select(name => Read(Path.Combine(directory, $"{name}.jsonl")))];
        Codec[] codecs = NewCodecs();
        WarmUp(codecs, data[0]);
        PrintDeflate(codecs, data);
        PrintInflate(codecs, data);
        Array.ForEach(codecs, static codec => codec.Dispose());
        PrintContexts(data[0][0]);
    }

    private static byte[][] Read(string file) => [.. File.ReadLines(file).Select(Encoding.UTF8.GetBytes)];

    // Code that is used much is compiled again in the background, a while after nothing new was compiled.
    private static void WarmUp(Codec[] codecs, byte[][] messages)
    {
        for (int pass = 0; pass < WarmUpPasses; pass++)
        {
            Deflate(codecs, messages, messages);
            Inflate(codecs, messages);
            Thread.Sleep(500);
        }
    }

    private static void PrintDeflate(Codec[] codecs, byte[][][] data)
    {
        Console.WriteLine("| messages | codec | fresh | on one | on a run of 4 KB | fresh, us | on one, us | on a run, us |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        for (int i = 0; i < data.Length; i++)
        {
            byte[][] messages = data[i];
            byte[][][] histories =
            [
                [.. messages.Select(static _ => Array.Empty<byte>())],
                [.. messages.Select((_, at) => at == 0 ? [] : messages[at - 1])],
                Runs(messages),
            ];
            (double Ratio, double Microseconds)[][] cells = [.. histories.Select(history => Deflate(codecs, history, messages))];
            for (int codec = 0; codec < codecs.Length; codec++)
            {
                string ratios = Cells(cells.Select(cell => cell[codec].Ratio), "f3");
                string times = Cells(cells.Select(cell => cell[codec].Microseconds), "f1");
                Console.WriteLine($"| {s_data[i]} | {codecs[codec].Name} | {ratios} | {times} |");
            }
        }
    }

    private static byte[][] Runs(byte[][] messages)
    {
        byte[] all = [.. messages.SelectMany(static message => message)];
        int end = 0;
        return [.. messages.Select(message =>
        {
            byte[] run = all[Math.Max(0, end - RunBytes)..end];
            end += message.Length;
            return run;
        })];
    }

    private static (double Ratio, double Microseconds)[] Deflate(Codec[] codecs, byte[][] histories, byte[][] messages)
    {
        byte[] destination = new byte[64 << 10];
        double plainBytes = messages.Sum(static message => message.Length);
        double[] ratios = [.. codecs.Select(codec =>
            messages.Select((message, at) => codec.Deflate(histories[at], message, destination)).Sum() / plainBytes)];
        double[] times = Fastest(codecs, codec =>
        {
            for (int at = 0; at < messages.Length; at++)
            {
                codec.Deflate(histories[at], messages[at], destination);
            }
            return messages.Length;
        });
        return [.. ratios.Zip(times)];
    }

    private static void PrintInflate(Codec[] codecs, byte[][][] data)
    {
        Console.WriteLine($"\n| codec | {string.Join(" | ", s_inflatedBytes.Select(static bytes => $"inflate {bytes} B, us"))} |");
        Console.WriteLine($"|---|{string.Concat(s_inflatedBytes.Select(static _ => "---|"))}");
        byte[] all = [.. data.SelectMany(static messages => messages.SelectMany(static message => message))];
        double[][] columns = [.. s_inflatedBytes.Select(bytes => Inflate(codecs, [.. all.Chunk(bytes)]))];
        for (int codec = 0; codec < codecs.Length; codec++)
        {
            Console.WriteLine($"| {codecs[codec].Name} | {Cells(columns.Select(column => column[codec]), "f1")} |");
        }
    }

    private static string Cells(IEnumerable<double> values, string format) =>
        string.Join(" | ", values.Select(value => value.ToString(format, CultureInfo.InvariantCulture)));

    private static double[] Inflate(Codec[] codecs, byte[][] messages)
    {
        byte[] buffer = new byte[2 * s_inflatedBytes.Max()];
        using SystemZlib zlib = new();
        byte[][] compressed = [.. messages.Select(message => buffer[..zlib.Deflate([], message, buffer)])];
        return Fastest(codecs, codec =>
        {
            for (int at = 0; at < messages.Length; at++)
            {
                if (codec.Inflate(compressed[at], buffer) != messages[at].Length)
                {
                    throw new InvalidDataException($"{codec.Name} inflates wrongly");
                }
            }
            return messages.Length;
        });
    }

    /// <summary>Microseconds of CPU time of one act, the codecs in turn; the fastest of several rounds.</summary>
    private static double[] Fastest(Codec[] codecs, Func<Codec, int> pass)
    {
        double[] best = [.. codecs.Select(static _ => double.MaxValue)];
        for (int round = 0; round < Rounds; round++)
        {
            for (int codec = 0; codec < codecs.Length; codec++)
            {
                TimeSpan start = Environment.CpuUsage.TotalTime;
                TimeSpan elapsed;
                int acts = 0;
                do
                {
                    acts += pass(codecs[codec]);
                    elapsed = Environment.CpuUsage.TotalTime - start;
                }
                while (elapsed < s_round);
                best[codec] = Math.Min(best[codec], elapsed.TotalMicroseconds / acts);
            }
        }
        return best;
    }

    private static void PrintContexts(byte[] message)
    {
        Console.WriteLine("\n| codec | deflate context, KB | inflate context, KB |\n|---|---|---|");
        byte[] buffer = new byte[4096];
        using SystemZlib zlib = new();
        byte[] compressed = buffer[..zlib.Deflate([], message, buffer)];
        for (int codec = 0; codec < NewCodecs().Length; codec++)
        {
            double deflate = HeldKilobytes(codec, one => one.Deflate([], message, buffer));
            double inflate = HeldKilobytes(codec, one => one.Inflate(compressed, buffer));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {NewCodecs()[codec].Name} | {deflate:f0} | {inflate:f0} |"));
        }
    }

    /// <summary>What a context holds after its first message, on the managed heap and on the C heap.</summary>
    private static double HeldKilobytes(int codec, Action<Codec> use)
    {
        Codec[] contexts = new Codec[Contexts];
        using Codec first = NewCodecs()[codec];
        use(first);
        long before = HeldBytes();
        for (int i = 0; i < Contexts; i++)
        {
            contexts[i] = NewCodecs()[codec];
            use(contexts[i]);
        }
        double held = HeldBytes() - before;
        Array.ForEach(contexts, static context => context.Dispose());
        return held / 1024 / Contexts;
    }

    private static long HeldBytes() => GC.GetTotalMemory(forceFullCollection: true) + CHeap.HeldBytes();
}
