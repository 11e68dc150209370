using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Loop;

namespace Sluice.WebSockets;

/// <summary>A peer's address as the kernel writes it (sockaddr_in, sockaddr_in6; of other families only the beginning).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketAddress
{
    internal const int Bytes = 28;

    private ushort _family;
    private ushort _port;
    private uint _first; // IPv4's address, IPv6's flow
    private Bytes16 _second; // IPv6's address
    private uint _scope;

    /// <summary>Writes the <see cref="ISystem.AddressBytes"/> bytes by which a loop knows it.</summary>
    internal readonly void Write(Span<byte> destination)
    {
        destination.Clear();
        if (_family == Libc.Internet)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[10..], 0xFFFF);
            MemoryMarshal.Write(destination[12..], in _first); // it is in the order of the network already
        }
        else if (_family == Libc.Internet6)
        {
            ((ReadOnlySpan<byte>)_second).CopyTo(destination);
        }
    }

    [InlineArray(ISystem.AddressBytes)]
    private struct Bytes16
    {
        private byte _element;
    }
}
