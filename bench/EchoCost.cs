namespace Sluice.Bench;

/// <summary>Server CPU per echo of two servers, taken in turn A B A B, a fresh process each time.</summary>
/// <param name="First">Whose cost is the numerator of the ratios.</param>
/// <param name="Second">To which it is compared.</param>
/// <param name="Pipeline">How many messages each connection keeps under way.</param>
/// <param name="FirstMicroseconds">CPU microseconds per echo, one for each pair.</param>
/// <param name="SecondMicroseconds">Likewise.</param>
internal sealed record EchoCost(string First, string Second, int Pipeline, double[] FirstMicroseconds, double[] SecondMicroseconds)
{
    internal const int Connections = 200;

    private static readonly int[] s_pipelines = [1, 16];

    /// <summary>Of each pair; what both share (the machine's mood) falls out.</summary>
    public double[] Ratios => [.. FirstMicroseconds.Zip(SecondMicroseconds, (first, second) => first / second)];

    internal static IEnumerable<EchoCost> Compare(ServerCommand first, ServerCommand second, int pairs)
    {
        List<double[]> firsts = [];
        List<double[]> seconds = [];
        for (int i = 0; i < pairs; i++)
        {
            firsts.Add(Measure(first));
            seconds.Add(Measure(second));
        }
        return s_pipelines.Select((pipeline, at) =>
            new EchoCost(first.Name, second.Name, pipeline, [.. firsts.Select(costs => costs[at])], [.. seconds.Select(costs => costs[at])]));
    }

    /// <summary>CPU microseconds per echo at each pipeline depth.</summary>
    private static double[] Measure(ServerCommand command)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, command.Path);
        swarm.Open(Connections);
        EchoLoad load = new(swarm);
        foreach (int pipeline in s_pipelines)
        {
            load.Run(MessagesPerClient(pipeline), pipeline); // until compilers have settled
        }
        swarm.Idle(1_000);
        double[] costs = [.. s_pipelines.Select(pipeline => MeasureOnce(server, load, pipeline))];
        Console.Error.WriteLine($"{command.Name}: {string.Join(", ", costs.Select((cost, at) => $"{cost:f2} us at {s_pipelines[at]}"))}");
        return costs;
    }

    private static double MeasureOnce(ServerProcess server, EchoLoad load, int pipeline)
    {
        int messages = MessagesPerClient(pipeline);
        double before = server.CpuSeconds;
        load.Run(messages, pipeline);
        return (server.CpuSeconds - before) * 1e6 / ((double)messages * Connections);
    }

    /// <summary>Some seconds' worth.</summary>
    private static int MessagesPerClient(int pipeline) => pipeline == 1 ? 2_000 : 10_000;
}
