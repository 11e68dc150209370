using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>What an epoll system remembers of each descriptor, by its number.</summary>
/// <remarks>The kernel gives the smallest free numbers, so a table by number is dense. It grows by pages and never
/// moves or copies a row. A number's row starts empty and is emptied when the socket leaves.</remarks>
internal sealed class SocketTable
{
    private const int PageBits = 10;
    private const int PageRows = 1 << PageBits;

    private SocketRow[]?[] _pages = new SocketRow[]?[64];

    internal SocketTable() => Invariant.Check(Unsafe.SizeOf<SocketRow>() == SocketRow.Bytes, "a row has the size that the memory budget counts");

    /// <summary>The row of a number that has been seen, or a new empty one.</summary>
    internal ref SocketRow this[int descriptor]
    {
        get
        {
            int page = descriptor >> PageBits;
            SocketRow[]? rows = page < _pages.Length ? _pages[page] : null;
            return ref (rows ?? AddPage(page))[descriptor & (PageRows - 1)];
        }
    }

    /// <summary>The numbers of all sockets that are adopted. They may leave while this is enumerated.</summary>
    internal IEnumerable<int> Adopted()
    {
        for (int page = 0; page < _pages.Length; page++)
        {
            for (int i = 0; i < (_pages[page]?.Length ?? 0); i++)
            {
                if ((_pages[page]![i].State & SocketState.Adopted) != 0)
                {
                    yield return (page << PageBits) + i;
                }
            }
        }
    }

    private SocketRow[] AddPage(int page)
    {
        if (page >= _pages.Length)
        {
            Array.Resize(ref _pages, Math.Max(page + 1, _pages.Length * 2));
        }
        return _pages[page] = GC.AllocateArray<SocketRow>(PageRows, pinned: true);
    }
}

/// <summary>One descriptor: 10 bytes, all that an idle socket costs an epoll system in user space.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
internal struct SocketRow
{
    internal const int Bytes = 10;

    internal ulong Token;
    internal SocketState State;
}

/// <summary>What is known and what is owed of one descriptor.</summary>
[Flags]
internal enum SocketState : ushort
{
    /// <summary>Nobody's: not yet adopted, closed or given away. Not even a queued turn is acted on.</summary>
    None = 0,

    /// <summary>A loop has it.</summary>
    Adopted = 1 << 0,

    /// <summary>Bytes are wanted.</summary>
    Armed = 1 << 1,

    /// <summary>A look at the bytes is wanted.</summary>
    Peeking = 1 << 2,

    /// <summary>The kernel may have bytes or an end that were not asked for since its last event.</summary>
    Readable = 1 << 3,

    /// <summary>The peer's end (FIN) is in the kernel, behind the bytes: no further event will come for it.</summary>
    HungUp = 1 << 4,

    /// <summary>The kernel has an error for it.</summary>
    Broken = 1 << 5,

    /// <summary>All that the peer will ever send was peeked at.</summary>
    PeekedToEnd = 1 << 6,

    /// <summary><see cref="Loop.CompletionKind.Ended"/> was delivered.</summary>
    EndTold = 1 << 7,

    /// <summary><see cref="Loop.CompletionKind.Failed"/> was delivered, or a send answered so: nothing more is said of it.</summary>
    FailureTold = 1 << 8,

    /// <summary>A send was cut short; <see cref="Loop.CompletionKind.Sent"/> is owed.</summary>
    SendShort = 1 << 9,

    /// <summary>There is room again after a short send.</summary>
    Room = 1 << 10,

    /// <summary>It stands in the ready ring.</summary>
    Queued = 1 << 11,
}
