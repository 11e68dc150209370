using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>The channel server over TLS, beside ASP.NET Core's own WebSockets: both have it from <c>SslStream</c> and OpenSSL.</summary>
internal static class Wss
{
    private const int Connections = 200;
    private const int WarmUpRounds = 2;
    private const int WarmUpConnections = 1_000;
    private const int SettleMs = 3_000;

    private static readonly int[] s_pipelines = [1, 16];

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        SelfSigned tls = SelfSigned.Write($"{settings.Root}/artifacts/tls");
        ServerCommand sluice = settings.Servers.SluiceServer.With(tls.Arguments);
        ServerCommand aspNetCore = settings.Servers.AspNetCore.With(tls.Arguments);
        Series[][] echo = new Turns(server => MeasureEcho(server, tls, settings))
            .Add(sluice, settings.Rounds(3)).Add(aspNetCore, settings.Rounds(3)).Run();
        for (int i = 0; i < s_pipelines.Length; i++)
        {
            yield return new Row($"wss echo {EchoLoad.PayloadBytes} B, pipeline {s_pipelines[i]}", $"{Connections} connections, {s_pipelines[i]} under way each",
                "us CPU per message", echo[i], new Target(1, aspNetCore.Name));
        }
        Series[][] idle = new Turns(server => MeasureIdle(server, tls, settings))
            .Add(sluice, settings.Rounds(3)).Add(aspNetCore, settings.Rounds(3)).Run();
        yield return new Row("idle wss connection", "slope of resident memory from 4,000 to 16,000", "bytes each", idle[0], new Target(1, aspNetCore.Name));
    }

    private static double[] MeasureEcho(ServerCommand command, SelfSigned tls, Settings settings)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using TlsSwarm swarm = new(server.EndPoint, command.Path, tls.Certificate);
        swarm.Open(Connections);
        for (int round = 0; round < WarmUpRounds; round++)
        {
            foreach (int pipeline in s_pipelines)
            {
                swarm.Run(MessagesPerClient(pipeline), pipeline); // until compilers have settled
            }
        }
        return [.. s_pipelines.Select(pipeline =>
        {
            double before = server.CpuSeconds;
            swarm.Run(MessagesPerClient(pipeline), pipeline);
            return (server.CpuSeconds - before) * 1e6 / ((double)MessagesPerClient(pipeline) * Connections);
        })];

        int MessagesPerClient(int pipeline) => settings.Amount(pipeline == 1 ? 2_000 : 4_000);
    }

    private static double[] MeasureIdle(ServerCommand command, SelfSigned tls, Settings settings)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using (TlsSwarm warmUp = new(server.EndPoint, command.Path, tls.Certificate))
        {
            warmUp.Open(WarmUpConnections);
        }
        using TlsSwarm swarm = new(server.EndPoint, command.Path, tls.Certificate);
        double from = ResidentAt(Idle.SlopeFrom);
        double to = ResidentAt(settings.IsQuick ? 2 * Idle.SlopeFrom : Idle.SlopeTo);
        return [(to - from) / ((settings.IsQuick ? 2 * Idle.SlopeFrom : Idle.SlopeTo) - Idle.SlopeFrom)];

        double ResidentAt(int count)
        {
            swarm.Open(count);
            Thread.Sleep(SettleMs);
            return server.ResidentBytes;
        }
    }
}
