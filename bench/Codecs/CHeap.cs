using System.Runtime.InteropServices;

namespace Sluice.Bench.Codecs;

/// <summary>The heap of the C library, where native codecs live.</summary>
internal static partial class CHeap
{
    /// <summary>How many bytes the main thread's allocations hold.</summary>
    internal static long HeldBytes()
    {
        MallocInformation information = mallinfo2();
        return (long)(information.InUse + information.Mapped);
    }

    [LibraryImport("libc.so.6")]
    private static partial MallocInformation mallinfo2();

    /// <summary>struct mallinfo2 of malloc.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MallocInformation
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastBins;
        public nuint MappedRegions;
        public nuint Mapped;
        public nuint Unused;
        public nuint FastBinBytes;
        public nuint InUse;
        public nuint Free;
        public nuint Releasable;
    }
}
