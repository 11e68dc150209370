using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace Sluice.Bench.Attacks;

/// <summary>An attacker under way. It shares the load's core and gives way to it, so that what the load measures is the server.</summary>
internal sealed class AttackProcess : IDisposable
{
    private readonly Process _process;

    private AttackProcess(Process process) => _process = process;

    internal static AttackProcess Start(Attack attack, IPEndPoint server)
    {
        ProcessStartInfo start = new("nice", ["-n", "19", Environment.ProcessPath!, "attack", attack.Name, server.ToString()])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process process = Process.Start(start)!;
        return process.StandardOutput.ReadLine() is not null ? new(process) : throw new IOException("The attacker did not start.");
    }

    /// <summary>Ends it.</summary>
    internal Damage Stop()
    {
        _process.StandardInput.Close();
        Damage damage = JsonSerializer.Deserialize<Damage>(_process.StandardOutput.ReadLine() ?? "null") ?? throw new IOException("The attacker failed.");
        _process.WaitForExit();
        return damage;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }
}
