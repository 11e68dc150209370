using System.Runtime.InteropServices;

namespace Sluice.Bench.Servers;

/// <summary>The CPU time that a process and all threads it ever had have used, in user and kernel mode, to the nanosecond.</summary>
/// <remarks>The proc file system tells it in hundredths of a second, too coarse for a short run.</remarks>
internal static class ProcessClock
{
    private const int ScheduledTime = 2; // of the three clocks of a process, that by which it is scheduled

    internal static double Seconds(int process)
    {
        // How the kernel makes a clock's number of a process's: clock_getcpuclockid(3).
        int clock = (~process << 3) | ScheduledTime;
        return ClockGetTime(clock, out Timespec time) == 0
            ? time.Seconds + (time.Nanoseconds / 1e9)
            : throw new IOException($"The process {process} has ended.");
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int ClockGetTime(int clock, out Timespec time);

    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
