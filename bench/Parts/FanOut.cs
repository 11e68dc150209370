using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>One small message to many, beside the least that it can cost: a loop of send in C.</summary>
internal static class FanOut
{
    internal const int Readers = 5_000;

    private const int MessageBytes = 100;
    private const int WarmUpMessages = 100; // until compilers have settled
    private const string Path = "/feed";

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        ServerCommand sendLoop = settings.Servers.SendLoop;
        ServerCommand bun = settings.Servers.Bun;
        Series[][] figures = new Turns(server => Measure(server, settings.Amount(200)))
            .Add(settings.Servers.Sluice, settings.Rounds(5)).Add(sendLoop, settings.Rounds(5)).Add(bun, settings.Rounds(5)).Run();
        yield return new Row($"fan-out of {MessageBytes} B to {Readers:n0}", "published one at a time, when all have the one before",
            "us CPU per delivery", figures[0], new Target(1.15, sendLoop.Name), new Target(1, bun.Name));
    }

    private static double[] Measure(ServerCommand command, int messages)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, Path) { Skims = true };
        using FeedLoad load = new(swarm);
        load.Open(Readers);
        using Control control = new(server.EndPoint);
        byte[] message = [.. Enumerable.Repeat((byte)'x', MessageBytes)];
        Publish(WarmUpMessages);
        swarm.Idle(500);
        double before = server.CpuSeconds;
        Publish(messages);
        return [(server.CpuSeconds - before) * 1e6 / ((double)messages * Readers)];

        void Publish(int count)
        {
            for (int i = 0; i < count; i++)
            {
                load.Publish(() => control.Tell("publish"), message);
            }
        }
    }
}
