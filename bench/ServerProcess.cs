using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Sluice.Bench;

/// <summary>How a server under test is started.</summary>
/// <param name="Name">As the tables call it.</param>
/// <param name="Path">Where it echoes.</param>
/// <param name="Command">The program and its arguments. It must print "listening on http://ADDRESS:PORT".</param>
internal sealed record ServerCommand(string Name, string Path, params string[] Command);

/// <summary>A server under test: one process on core 0, watched through the proc file system.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int StartTimeoutMs = 60_000;
    private const int StopTimeoutMs = 10_000;
    private const string Announcement = "listening on http://";

    private static readonly double s_ticksPerSecond = 100; // USER_HZ, the same on every Linux

    private readonly Process _process;

    private ServerProcess(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    /// <summary>Where it listens.</summary>
    internal IPEndPoint EndPoint { get; }

    /// <summary>What all its threads have used so far, in user and kernel mode.</summary>
    internal double CpuSeconds
    {
        get
        {
            // Behind the name, which may hold anything but ends with the last parenthesis, come fields 3 and following.
            string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (Field(11) + Field(12)) / s_ticksPerSecond;

            double Field(int index) => double.Parse(fields[index], CultureInfo.InvariantCulture);
        }
    }

    /// <summary>What lies in memory, code and shared pages included.</summary>
    internal long ResidentBytes
    {
        get
        {
            // Counted page by page; the status file's figure lags behind by some pages for each core.
            string line = File.ReadLines($"/proc/{_process.Id}/smaps_rollup").First(line => line.StartsWith("Rss:", StringComparison.Ordinal));
            return long.Parse(line[4..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
        }
    }

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
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null); // so that it never waits for a reader
                return new ServerProcess(process, IPEndPoint.Parse(line[(at + Announcement.Length)..].Trim()));
            }
        }
        throw new IOException($"{command.Name} did not start: {string.Join(' ', command.Command)}");
    }

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
