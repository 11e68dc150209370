using Sluice.Bench.Million;
using Sluice.Bench.Results;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Bench.Parts;

/// <summary>A million idle connections on one loop, over a kernel that costs nothing.</summary>
internal static class MillionConnections
{
    private const int Connections = 1_000_000;

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        BareKernel kernel = new(Connections);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        EventLoop loop = new(kernel, EventLoopOptions.Default);
        loop.Serve(new EchoEndpoint(loop, BareKernel.Path));
        double openSeconds = Cpu(() =>
        {
            while (kernel.Opened < Connections)
            {
                loop.Turn();
            }
        });
        double megabytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6;
        yield return new Row("one million idle connections, simulated kernel", "accepted and upgraded one after the other", "MB of the loop's memory", [new Series("Sluice", megabytes)], new Target(256));
        yield return new Row("one million handshakes", "the loop's part alone", "CPU seconds", [new Series("Sluice", openSeconds)]);

        double sweepSeconds = Cpu(() =>
        {
            while (kernel.Pongs < Connections)
            {
                loop.Turn();
            }
        });
        yield return new Row("one idle sweep over a million", "a ping to each, its pong taken", "CPU seconds", [new Series("Sluice", sweepSeconds)]);
        GC.KeepAlive(loop);
    }

    private static double Cpu(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }
}
