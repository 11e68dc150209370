using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Sluice.Live.Client.Peers;

/// <summary>A server of another make, in a process of its own.</summary>
internal sealed class ProcessPeer : IPeer
{
    private readonly Process _process;

    private ProcessPeer(Process process, int[] ports)
    {
        _process = process;
        Plain = new Uri($"ws://127.0.0.1:{ports[0]}");
        Deflating = new Uri($"ws://127.0.0.1:{ports[1]}");
    }

    public Uri Plain { get; }

    public Uri Deflating { get; }

    internal static Task<ProcessPeer> StartNodeAsync() => StartAsync("node", "peer.mjs");

    internal static Task<ProcessPeer> StartBunAsync() =>
        StartAsync(Path.Combine(Here(), "../../node_modules/@oven/bun-linux-x64/bin/bun"), "peer.js");

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<ProcessPeer> StartAsync(string program, string script)
    {
        await InstallAsync();
        Process process = Run(program, script);
        string? line = await process.StandardOutput.ReadLineAsync();
        int[] ports = [.. (line ?? throw new InvalidOperationException($"{program} {script} did not start")).Split(' ').Skip(1).Select(static port => int.Parse(port, CultureInfo.InvariantCulture))];
        return new ProcessPeer(process, ports);
    }

    // What package-lock.json names, unless it is there.
    private static async Task InstallAsync()
    {
        if (Directory.Exists(Path.Combine(Here(), "../../node_modules/ws")) && Directory.Exists(Path.Combine(Here(), "../../node_modules/@oven")))
        {
            return;
        }
        using Process npm = Run("npm", "ci", "--prefix", Path.Combine(Here(), "../.."));
        await npm.StandardOutput.ReadToEndAsync();
        await npm.WaitForExitAsync();
    }

    private static Process Run(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = Here(), RedirectStandardOutput = true })!;

    private static string Here([CallerFilePath] string thisFile = "") => Path.GetDirectoryName(thisFile)!;
}
