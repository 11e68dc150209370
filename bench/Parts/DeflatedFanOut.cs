using System.Text;
using System.Text.Json;
using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>Small JSON messages to many readers that keep up, with permessage-deflate and without, from the committed data.</summary>
internal static class DeflatedFanOut
{
    private const string Path = "/feed";
    private const string PlainSuffix = ", plain";

    private const int DemandMemory = 16; // for so many messages an encoder remembers what readers wanted when they were new

    private static readonly string[] s_data = ["chat", "quotes", "dashboard"];

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        string directory = settings.Servers.DataDirectory;
        string[] flags = ["--deflate", "--data", directory];
        ServerCommand sluice = settings.Servers.Sluice.With(flags);
        ServerCommand plain = sluice with { Name = sluice.Name + PlainSuffix };
        ServerCommand bun = settings.Servers.Bun.With(flags);
        Series[][] figures = new Turns(server => Measure(server, directory, settings.IsQuick ? 60 : 300))
            .Add(sluice, settings.Rounds(3)).Add(plain, settings.Rounds(3)).Add(bun, 1).Run();
        string load = $"{FanOut.Readers:n0} readers that keep up, JSON of some 200 B";
        for (int i = 0; i < s_data.Length; i++)
        {
            yield return new Row($"deflated fan-out of {s_data[i]}: time", load, "us CPU per delivery", figures[(2 * i) + 1], new Target(1.3, plain.Name));
        }
        Series[][] compressed = [.. figures.Select(series => series.Where(static one => !one.Name.EndsWith(PlainSuffix, StringComparison.Ordinal)).ToArray())];
        for (int i = 0; i < s_data.Length; i++)
        {
            Target[] targets = s_data[i] == "chat" ? [] : [new Target(0.30)];
            yield return new Row($"deflated fan-out of {s_data[i]}: bytes", load, "of plain", compressed[2 * i], targets);
        }
        yield return new Row("deflated fan-out, mean of the three: bytes", load, "of plain",
            [.. Enumerable.Range(0, compressed[0].Length).Select(server => new Series(compressed[0][server].Name, MeanOverData(compressed, server)))], new Target(0.40));
        yield return new Row("deflated fan-out: compressions", load, "per message", [compressed[^1][0]], new Target(1));
    }

    private static double[] MeanOverData(Series[][] figures, int server) =>
        [.. Enumerable.Range(0, figures[0][server].Values.Length).Select(round => s_data.Select((_, i) => figures[2 * i][server].Values[round]).Average())];

    /// <summary>For each of the data wire bytes by plain bytes and CPU microseconds per delivery; then compressions per message of all.</summary>
    private static double[] Measure(ServerCommand command, string directory, int messages)
    {
        using ServerProcess server = ServerProcess.Start(command);
        bool isPlain = command.Name.EndsWith(PlainSuffix, StringComparison.Ordinal);
        using Swarm swarm = new(server.EndPoint, Path) { OffersDeflate = !isPlain, Skims = true };
        using FeedLoad load = new(swarm);
        load.Open(FanOut.Readers);
        using Control control = new(server.EndPoint);
        List<double> figures = [];
        double compressed = 0;
        int counted = 0;
        foreach (string data in s_data)
        {
            byte[][] lines = [.. File.ReadLines($"{directory}/{data}.jsonl").Take(messages).Select(Encoding.UTF8.GetBytes)];
            int warmUp = (messages / 10) + DemandMemory;
            Publish(lines.AsSpan(0, warmUp));
            (double cpu, long wire, long plain, long deliveries) = (server.CpuSeconds, load.WireBytes, load.PlainBytes, load.Deliveries);
            double compressions = Compressions();
            Publish(lines.AsSpan(warmUp));
            compressed += Compressions() - compressions;
            counted += lines.Length - warmUp;
            figures.Add((double)(load.WireBytes - wire) / (load.PlainBytes - plain));
            figures.Add((server.CpuSeconds - cpu) * 1e6 / (load.Deliveries - deliveries));

            void Publish(ReadOnlySpan<byte[]> some)
            {
                foreach (byte[] line in some)
                {
                    load.Publish(() => control.Tell($"publish {data}"), line);
                }
            }
        }
        return [.. figures, compressed / counted];

        double Compressions()
        {
            using JsonDocument stats = JsonDocument.Parse(control.Ask("stats"));
            return stats.RootElement.GetProperty("compressions").GetDouble();
        }
    }
}
