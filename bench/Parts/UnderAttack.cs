using System.Text.Json;
using Sluice.Bench.Attacks;
using Sluice.Bench.Loads;
using Sluice.Bench.Results;
using Sluice.Bench.Servers;

namespace Sluice.Bench.Parts;

/// <summary>What attacks do to those who are connected already, and to the server's memory, before, during and after.</summary>
internal static class UnderAttack
{
    private const int Established = 200;
    private const int WarmUpMs = 2_000;
    private const int BeforeMs = 6_000;
    private const int DuringMs = 12_000;
    private const int OnsetMs = 1_000; // the attackers are all there by then
    private const int SampleMs = 200;
    private const int MessageBytesMax = 1 << 20;
    private const int RecoveryTimeoutMs = 40_000;

    internal static IEnumerable<Row> Measure(Settings settings)
    {
        ServerCommand command = settings.Servers.Sluice.With("--deflate", "--message-bytes-max", MessageBytesMax.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return [.. Attack.All.SelectMany(attack => Measure(command, attack, settings))];
    }

    private static Row[] Measure(ServerCommand command, Attack attack, Settings settings)
    {
        using ServerProcess server = ServerProcess.Start(command);
        using Swarm swarm = new(server.EndPoint, command.Path);
        PacedEcho load = new(swarm);
        load.Open(Established);
        using Control control = new(server.EndPoint);
        load.Run(settings.Amount(WarmUpMs));

        load.Latencies.Clear();
        load.Run(settings.Amount(BeforeMs));
        double p99Before = load.Latencies.MillisecondsAt(0.99);
        double mebibytesBefore = Mebibytes(server.ResidentBytes);
        int heldBefore = Held(control);

        using AttackProcess attacker = AttackProcess.Start(attack, server.EndPoint);
        load.Run(OnsetMs);
        load.Latencies.Clear();
        double mebibytesDuring = mebibytesBefore;
        long sampleDue = 0;
        int during = settings.IsQuick ? DuringMs / 4 : DuringMs;
        load.Run(during, () =>
        {
            if (Environment.TickCount64 >= sampleDue)
            {
                sampleDue = Environment.TickCount64 + SampleMs;
                mebibytesDuring = Math.Max(mebibytesDuring, Mebibytes(server.ResidentBytesRoughly));
            }
        });
        double p99During = load.Latencies.MillisecondsAt(0.99);
        Damage damage = attacker.Stop();

        int left = Recover(swarm, control, heldBefore);
        double mebibytesAfter = Mebibytes(server.ResidentBytes);
        string against = $"{damage.Opened:n0} connections, {damage.ThrownOut:n0} thrown out, {damage.BytesSent / 1e6:n0} MB sent";
        Console.Error.WriteLine($"{attack.Name}: {against}; p99 {p99Before:f2} then {p99During:f2} ms; {mebibytesBefore:f1}, {mebibytesDuring:f1}, {mebibytesAfter:f1} MiB; {left} left");
        return
        [
            new Row($"{attack.Work}: p99 of {Established} established", $"{against} in {(OnsetMs + during) / 1000} s", "ms, an echo", [new Series("during", p99During), new Series("before", p99Before)]),
            new Row($"{attack.Work}: memory", "resident", "MiB", [new Series("during, most", mebibytesDuring), new Series("before", mebibytesBefore), new Series("after", mebibytesAfter)]),
            new Row($"{attack.Work}: left after", "connections, buffers and the like that the loop holds, more than before", "", [new Series("after", left)], new Target(0)),
        ];
    }

    /// <summary>Waits until the server holds no more than before; how much more it holds in the end.</summary>
    private static int Recover(Swarm swarm, Control control, int heldBefore)
    {
        long end = Environment.TickCount64 + RecoveryTimeoutMs;
        int left;
        do
        {
            swarm.Idle(500);
            left = Math.Max(Held(control) - heldBefore, 0);
        }
        while (left > 0 && Environment.TickCount64 < end);
        return left;
    }

    /// <summary>The sum of all that a loop counts.</summary>
    private static int Held(Control control)
    {
        using JsonDocument stats = JsonDocument.Parse(control.Ask("stats"));
        return stats.RootElement.GetProperty("resources").EnumerateObject().Sum(static resource => resource.Value.GetInt32());
    }

    private static double Mebibytes(long bytes) => bytes / 1048576.0;
}
