using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Sluice.Fuzz;

/// <summary>Keeps the input that is being run where it outlives the process, for the two ends that nothing in it could report: a
/// read or write outside all bounds, which kills it, and an input that takes for ever, after which this ends it.</summary>
/// <remarks>The time is a bound against spinning, far beyond any honest input, and no measure of speed.</remarks>
internal sealed class Watchdog : IDisposable
{
    private const int InputTimeoutMs = 20_000;
    private const int InputBytesMax = 1 << 16;

    private static readonly PosixSignal[] s_signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly PosixSignalRegistration[] _signals;
    private readonly Timer _timer;
    private long _begun;
    private long _seen = -1;

    /// <param name="path">The file that outlives the process; no other uses it.</param>
    public Watchdog(string path)
    {
        _path = path;
        // Not shared, so that whoever finds it can tell whether its process lives.
        FileStream file = new(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        _file = MemoryMappedFile.CreateFromFile(
            file, mapName: null, sizeof(int) + InputBytesMax, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor();
        // Whoever stops a run with a signal has not found anything.
        _signals = [.. s_signals.Select(signal => PosixSignalRegistration.Create(signal, _ => File.Delete(_path)))];
        _timer = new Timer(static state => ((Watchdog)state!).Look(), this, InputTimeoutMs, InputTimeoutMs);
    }

    /// <summary>What a process ran when it died; null if it lives, or got nowhere.</summary>
    public static byte[]? TakeLast(string path)
    {
        byte[] bytes;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.None);
            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (IOException)
        {
            return null;
        }
        File.Delete(path);
        return bytes.Length < sizeof(int) ? null : bytes[sizeof(int)..(sizeof(int) + BinaryPrimitives.ReadInt32LittleEndian(bytes))];
    }

    /// <summary>Notes what is run now.</summary>
    public void Begin(ReadOnlySpan<byte> input)
    {
        _view.Write(0, input.Length);
        _view.SafeMemoryMappedViewHandle.WriteSpan(sizeof(int), input);
        Volatile.Write(ref _begun, _begun + 1);
    }

    /// <summary>The process lives.</summary>
    public void Dispose()
    {
        Array.ForEach(_signals, static signal => signal.Dispose());
        _timer.Dispose();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    private void Look()
    {
        long begun = Volatile.Read(ref _begun);
        if (begun == _seen)
        {
            Environment.FailFast($"An input takes for ever; the next run tells which. ({_path})");
        }
        _seen = begun;
    }
}
