using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

[assembly: DisableRuntimeMarshalling]

namespace Sluice.WebSockets;

/// <summary>The calls of the C library that an event loop needs, as they are: numbers, pointers, -1 and errno.</summary>
/// <remarks>The values are those of Linux on x64 and arm64. Whoever calls deals with errno there and then.</remarks>
internal static unsafe partial class Libc
{
    internal const int EpollAdd = 1;
    internal const int EpollDelete = 2;
    internal const int EpollModify = 3;

    internal const uint Readable = 0x001; // EPOLLIN
    internal const uint Writable = 0x004; // EPOLLOUT
    internal const uint Error = 0x008; // EPOLLERR
    internal const uint HangUp = 0x010; // EPOLLHUP
    internal const uint PeerHangUp = 0x2000; // EPOLLRDHUP
    internal const uint EdgeTriggered = 1u << 31; // EPOLLET

    internal const int Peek = 0x02; // MSG_PEEK
    internal const int NoSignal = 0x4000; // MSG_NOSIGNAL: a dead peer is an error of this send, not a SIGPIPE of the process

    internal const int NonBlocking = 0x800; // SOCK_NONBLOCK, EFD_NONBLOCK
    internal const int CloseOnExec = 0x80000; // SOCK_CLOEXEC, EFD_CLOEXEC, EPOLL_CLOEXEC

    internal const int ShutWrite = 1; // SHUT_WR

    internal const ushort Internet = 2; // AF_INET
    internal const ushort Internet6 = 10; // AF_INET6

    /// <summary>Why the call before, which returned -1, failed.</summary>
    internal static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    /// <summary>What went wrong at start-up, when no peer is there yet to be told.</summary>
    internal static IOException Failure(string call) =>
        new($"{call}: {LastError} ({Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())})");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, void* epollEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int EpollWait(int epoll, void* events, int eventsMax, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle descriptor, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    internal static partial int Accept(int listener, SocketAddress* address, int* addressBytes, int flags);

    [LibraryImport("libc", EntryPoint = "getpeername", SetLastError = true)]
    internal static partial int PeerName(int socket, SocketAddress* address, int* addressBytes);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(int socket, void* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int socket, void* bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(int socket, int how);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);
}

/// <summary>The errors that are told apart, by their names in the C library.</summary>
internal enum Errno
{
    ENOENT = 2,
    EINTR = 4,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EFAULT = 14,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTSOCK = 88,
    ENOBUFS = 105,
}
