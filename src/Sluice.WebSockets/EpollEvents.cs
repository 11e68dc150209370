using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sluice.WebSockets;

/// <summary>Events in the kernel's layout: 32 bits of what, 64 bits of whose (here the descriptor).</summary>
/// <remarks>The kernel packs the two on x64 and aligns them elsewhere, which no C# struct can say; hence two offsets.</remarks>
internal sealed unsafe class EpollEvents : IDisposable
{
    private static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_eventBytes = s_dataOffset + sizeof(ulong);

    private readonly byte* _events;

    internal EpollEvents(int count)
    {
        Count = count;
        _events = (byte*)NativeMemory.AllocZeroed((nuint)count, (nuint)s_eventBytes);
    }

    internal int Count { get; }

    internal void* Pointer => _events;

    internal uint What(int index) => Unsafe.ReadUnaligned<uint>(_events + (index * s_eventBytes));

    internal int Descriptor(int index) => (int)Unsafe.ReadUnaligned<ulong>(_events + (index * s_eventBytes) + s_dataOffset);

    internal void Set(int index, uint what, int descriptor)
    {
        Unsafe.WriteUnaligned(_events + (index * s_eventBytes), what);
        Unsafe.WriteUnaligned(_events + (index * s_eventBytes) + s_dataOffset, (ulong)descriptor);
    }

    public void Dispose() => NativeMemory.Free(_events);
}
