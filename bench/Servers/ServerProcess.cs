using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Sluice.Bench.Servers;

/// <summary>A server under test: one process on core 0, watched through the proc file system.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int StartTimeoutMs = 60_000;
    private const int StopTimeoutMs = 10_000;
    private const string Announcement = "listening on http";

    private readonly Process _process;

    private ServerProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    /// <summary>Where it listens.</summary>
    internal IPEndPoint EndPoint { get; }

    /// <summary>What all its threads have used so far, in user and kernel mode.</summary>
    internal double CpuSeconds => ProcessClock.Seconds(_process.Id);

    /// <summary>What lies in memory, code and shared pages included.</summary>
    internal long ResidentBytes
    {
        get
        {
            // Counted page by page.
            string line = File.ReadLines($"/proc/{_process.Id}/smaps_rollup").First(static line => line.StartsWith("Rss:", StringComparison.Ordinal));
            return long.Parse(line[4..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>The same from the kernel's counters, which is read in no time, and lags behind by some pages for each core.</summary>
    internal long ResidentBytesRoughly =>
        long.Parse(File.ReadAllText($"/proc/{_process.Id}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="IOException">It did not.</exception>
    internal static ServerProcess Start(ServerCommand command)
    {
        ProcessStartInfo start = new("taskset", ["-c", "0", .. command.Command]) { RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        using CancellationTokenSource patience = new(StartTimeoutMs);
        using CancellationTokenRegistration killing = patience.Token.Register(process.Kill);
        while (process.StandardOutput.ReadLine() is string line)
        {
            int at = line.IndexOf(Announcement, StringComparison.Ordinal);
            if (at >= 0)
            {
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None); // so that it never waits for a reader
                return new ServerProcess(process, IPEndPoint.Parse(new Uri(line[line.IndexOf("http", at, StringComparison.Ordinal)..].Trim()).Authority));
            }
        }
        throw new IOException($"{command.Name} did not start: {string.Join(' ', command.Command)}");
    }

    /// <summary>Asks it to end, and makes it.</summary>
    public void Dispose()
    {
        using Process terminate = Process.Start("kill", [_process.Id.ToString(CultureInfo.InvariantCulture)]);
        terminate.WaitForExit();
        if (!_process.WaitForExit(StopTimeoutMs))
        {
            _process.Kill();
        }
        _process.Dispose();
    }
}
