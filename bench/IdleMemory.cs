namespace Sluice.Bench;

/// <summary>Resident bytes of a server, by how many idle connections it has, after identical traffic.</summary>
/// <param name="Server">Whose.</param>
/// <param name="What">Of what: connections or sessions.</param>
/// <param name="Counts">Numbers of connections.</param>
/// <param name="ResidentBytes">At each of them.</param>
internal sealed record IdleMemory(string Server, string What, int[] Counts, long[] ResidentBytes)
{
    private const int SlopeFrom = 4_000;
    private const int SlopeTo = 16_000;
    private const int Plain = 10_000;
    private const int WarmUpRounds = 8;
    private const int WarmUpConnections = 1_000;
    private const int SettleMs = 3_000;

    private static readonly int[] s_counts = [0, SlopeFrom, Plain, SlopeTo];

    /// <summary>Bytes per connection, from 4,000 to 16,000: what compilers and collectors take once falls out.</summary>
    public double SlopeBytes => (double)(At(SlopeTo) - At(SlopeFrom)) / (SlopeTo - SlopeFrom);

    /// <summary>Bytes per connection, from none to 10,000.</summary>
    public double PlainBytes => (double)(At(Plain) - At(0)) / Plain;

    /// <summary>Connections that have each sent a few messages, at the path that echoes.</summary>
    internal static IEnumerable<IdleMemory> OfConnections(ServerCommand command, int runs) =>
        [.. Enumerable.Range(0, runs).Select(_ => Measure(command, command.Path, "connection", swarm => new EchoLoad(swarm)))];

    /// <summary>Sessions of the native wire.</summary>
    internal static IEnumerable<IdleMemory> OfSessions(ServerCommand command, int runs) =>
        [.. Enumerable.Range(0, runs).Select(_ => Measure(command, SessionLoad.Path, SessionLoad.What, swarm => new SessionLoad(swarm)))];

    private static IdleMemory Measure(ServerCommand command, string path, string what, Func<Swarm, ILoad> loadOf)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, path);
        ILoad load = loadOf(swarm);
        for (int round = 0; round < WarmUpRounds; round++)
        {
            load.Open(WarmUpConnections);
            swarm.CloseAll();
        }
        long[] resident = [.. s_counts.Select(count =>
        {
            load.Open(count);
            swarm.Idle(SettleMs, load.OnEvent);
            return server.ResidentBytes;
        })];
        IdleMemory memory = new(command.Name, what, s_counts, resident);
        Console.Error.WriteLine($"{command.Name}: {memory.SlopeBytes:f0} bytes per {what}");
        return memory;
    }

    private long At(int count) => ResidentBytes[Array.IndexOf(Counts, count)];
}
