using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>Resident bytes of a server for each idle connection, after identical traffic.</summary>
/// <remarks>The slope from 4,000 to 16,000 connections: what compilers and collectors take once falls out of it. A plain difference
/// from none to 10,000 is stated beside it.</remarks>
internal static class Idle
{
    internal const int SlopeFrom = 4_000;
    private const int PlainTo = 10_000;
    internal const int SlopeTo = 16_000;
    private const int WarmUpRounds = 8;
    private const int WarmUpConnections = 1_000;
    private const int SettleMs = 3_000;

    private const string Deflate = "--deflate";

    /// <summary>Connections that have each sent a few messages and got them back.</summary>
    internal static IEnumerable<Row> MeasurePlain(Settings settings) => Rows(
        "idle connection",
        new Turns(server => Measure(settings, server, server.Path, offersDeflate: false, static swarm => new EchoLoad(swarm)))
            .Add(settings.Servers.Sluice, settings.Rounds(3)).Add(settings.Servers.Bun, settings.Rounds(2))
            .Add(settings.Servers.Ws, 1).Add(settings.Servers.AspNetCore, 1).Run(),
        new Target(256));

    /// <summary>Connections that have each sent and received one compressed message.</summary>
    internal static IEnumerable<Row> MeasureDeflated(Settings settings) => Rows(
        "idle connection, permessage-deflate used once each way",
        new Turns(server => Measure(settings, server, server.Path, offersDeflate: true, static swarm => new DeflatedEchoLoad(swarm)))
            .Add(settings.Servers.Sluice.With(Deflate), settings.Rounds(3)).Add(settings.Servers.Bun.With(Deflate), settings.Rounds(2))
            .Add(settings.Servers.Ws.With(Deflate), 1).Add(settings.Servers.AspNetCore.With(Deflate), 1).Run(),
        new Target(400));

    /// <summary>Sessions of the native wire, of the channel server as it is shipped.</summary>
    internal static IEnumerable<Row> MeasureSessions(Settings settings) => Rows(
        "idle session with one subscription (rooms of 100, presence on)",
        new Turns(server => Measure(settings, server, SessionLoad.Path, offersDeflate: false, static swarm => new SessionLoad(swarm)))
            .Add(settings.Servers.SluiceServer, settings.Rounds(2)).Run());

    private static IEnumerable<Row> Rows(string work, Series[][] figures, params Target[] targets) =>
    [
        new Row(work, "slope of resident memory from 4,000 to 16,000", "bytes each", figures[0], targets),
        new Row($"{work}: plain difference", "from none to 10,000", "bytes each", figures[1]),
        new Row($"{work}: before the first", "resident memory after the warm-up", "MiB", figures[2]),
    ];

    private static double[] Measure(Settings settings, ServerCommand command, string path, bool offersDeflate, Func<Swarm, Load> loadOf)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, path) { OffersDeflate = offersDeflate };
        Load load = loadOf(swarm);
        for (int round = 0; round < settings.Amount(WarmUpRounds); round++)
        {
            load.Open(WarmUpConnections);
            swarm.CloseAll();
        }
        double none = ResidentAt(0);
        double from = ResidentAt(SlopeFrom);
        double plain = ResidentAt(PlainTo);
        double to = ResidentAt(SlopeTo);
        return [(to - from) / (SlopeTo - SlopeFrom), (plain - none) / PlainTo, none / (1 << 20)];

        double ResidentAt(int count)
        {
            load.Open(count);
            swarm.Idle(settings.Amount(SettleMs));
            return server.ResidentBytes;
        }
    }
}
