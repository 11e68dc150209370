using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>What an echo costs the server: small messages by count, large ones by bytes.</summary>
internal static class Echo
{
    private const int Connections = 200;

    private static readonly int[] s_pipelines = [1, 16];

    private static readonly (string Name, int Bytes, int Connections, int TotalMegabytes)[] s_texts =
    [
        ("16 KB", 16 << 10, 100, 1_000),
        ("1 MB", 1 << 20, 8, 1_000),
    ];

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        ServerCommand bun = settings.Servers.Bun;
        Series[][] small = new Turns(server => MeasureSmall(server, settings))
            .Add(settings.Servers.Sluice, settings.Rounds(5)).Add(bun, settings.Rounds(5))
            .Add(settings.Servers.Ws, settings.Rounds(2)).Add(settings.Servers.AspNetCore, settings.Rounds(2)).Run();
        for (int i = 0; i < s_pipelines.Length; i++)
        {
            yield return new Row($"echo {EchoLoad.PayloadBytes} B, pipeline {s_pipelines[i]}", $"{Connections} connections, {s_pipelines[i]} under way each",
                "us CPU per message", small[i], new Target(1, bun.Name));
        }
        Series[][] large = new Turns(server => [.. s_texts.Select(text => MeasureText(server, text.Bytes, text.Connections, settings.Amount(text.TotalMegabytes)))])
            .Add(settings.Servers.Sluice, settings.Rounds(5)).Add(bun, settings.Rounds(5)).Run();
        for (int i = 0; i < s_texts.Length; i++)
        {
            yield return new Row($"echo {s_texts[i].Name} of text", $"{s_texts[i].Connections} connections, UTF-8 of one to four bytes a character",
                "MB per CPU second", large[i], new Target(1, bun.Name, IsFloor: true));
        }
    }

    /// <summary>CPU microseconds per echo at each pipeline depth.</summary>
    private static double[] MeasureSmall(ServerCommand command, Settings settings)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, command.Path);
        EchoLoad load = new(swarm);
        swarm.Open(Connections);
        foreach (int pipeline in s_pipelines)
        {
            load.Run(MessagesPerClient(pipeline), pipeline); // until compilers have settled
        }
        swarm.Idle(1_000);
        return [.. s_pipelines.Select(pipeline =>
        {
            double before = server.CpuSeconds;
            load.Run(MessagesPerClient(pipeline), pipeline);
            return (server.CpuSeconds - before) * 1e6 / ((double)MessagesPerClient(pipeline) * Connections);
        })];

        int MessagesPerClient(int pipeline) => settings.Amount(pipeline == 1 ? 2_000 : 10_000); // some seconds' worth
    }

    /// <summary>Megabytes echoed per CPU second.</summary>
    private static double MeasureText(ServerCommand command, int messageBytes, int connections, int totalMegabytes)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, command.Path);
        TextLoad load = new(swarm, messageBytes);
        load.Open(connections);
        int messagesPerClient = Math.Max((int)(totalMegabytes * 1_000_000L / messageBytes / connections), 1);
        load.Run(messagesPerClient);
        swarm.Idle(500);
        double before = server.CpuSeconds;
        load.Run(messagesPerClient);
        return (double)messagesPerClient * connections * messageBytes / 1e6 / (server.CpuSeconds - before);
    }
}
