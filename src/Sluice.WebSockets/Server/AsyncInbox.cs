using System.Buffers;
using System.Threading.Channels;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>What has arrived from one client and was not read by the task that serves it: parts of messages, bounded.</summary>
/// <remarks>The socket's loop adds, one task takes. When it is too full the loop is told to read nothing more from this client, by the
/// loop itself; when it is half empty again the task has the loop read on. So it holds what it may, and beyond that the client's share
/// of one turn, which the loop bounds by what it comes to when it is inflated.</remarks>
internal sealed class AsyncInbox(WebSocket socket, WebSocketPathOptions options)
{
    private const int PartOverheadBytes = 64;

    private readonly Channel<ArrivedPart> _parts = Channel.CreateUnbounded<ArrivedPart>(new() { SingleReader = true, SingleWriter = true });
    private ReadOn? _readOn;
    private long _bytes;
    private Reading _reading;
    private bool _isComplete;

    private enum Reading
    {
        /// <summary>From the client.</summary>
        On,

        /// <summary>The loop was told to hold.</summary>
        Held,

        /// <summary>Held, and a message that ends it is on its way to the loop.</summary>
        Resuming,
    }

    /// <summary>Adds a part. The loop's.</summary>
    internal void Add(Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(part.Length);
        part.CopyTo(rented);
        Interlocked.Add(ref _bytes, part.Length + PartOverheadBytes);
        _parts.Writer.TryWrite(new(rented, part.Length, opcode, last));
        HoldIfFull();
    }

    /// <summary>Nothing more comes. The loop's.</summary>
    internal void Complete()
    {
        Volatile.Write(ref _isComplete, true);
        _parts.Writer.TryComplete();
    }

    /// <summary>Takes the next part, which is then the caller's to return.</summary>
    /// <returns>Null when everything was taken and nothing more comes.</returns>
    internal async ValueTask<ArrivedPart?> TakeAsync(CancellationToken cancellationToken)
    {
        ArrivedPart part;
        while (true)
        {
            bool isComplete = Volatile.Read(ref _isComplete);
            if (_parts.Reader.TryRead(out part))
            {
                break;
            }
            if (isComplete)
            {
                return null;
            }
            try
            {
                await _parts.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (Volatile.Read(ref _isComplete))
            {
                // The connection's own end cancels the handler's token; it loses nothing of what had arrived.
            }
        }
        Interlocked.Add(ref _bytes, -(part.Length + PartOverheadBytes));
        ResumeIfRead();
        return part;
    }

    /// <summary>Drops what nobody will read. The task's.</summary>
    internal void Drop()
    {
        while (_parts.Reader.TryRead(out ArrivedPart part))
        {
            part.Return();
        }
    }

    private void HoldIfFull()
    {
        if (Volatile.Read(ref _bytes) > options.InboxBytesMax && Interlocked.CompareExchange(ref _reading, Reading.Held, Reading.On) == Reading.On)
        {
            socket.Hold();
            ResumeIfRead(); // the task may have taken everything since, and will not ask again
        }
    }

    private void ResumeIfRead()
    {
        if (Volatile.Read(ref _bytes) <= options.InboxBytesMax / 2
            && Interlocked.CompareExchange(ref _reading, Reading.Resuming, Reading.Held) == Reading.Held)
        {
            socket.Loop!.Loop.Post(_readOn ??= new ReadOn(this));
        }
    }

    private void Resumed()
    {
        Interlocked.Exchange(ref _reading, Reading.On);
        socket.Resume();
        HoldIfFull();
    }

    private sealed class ReadOn(AsyncInbox inbox) : LoopMessage
    {
        public override void Run() => inbox.Resumed();
    }
}

/// <summary>A part of a message, in a rented array.</summary>
internal readonly record struct ArrivedPart(byte[] Rented, int Length, Opcode Opcode, bool IsLast)
{
    internal ReadOnlyMemory<byte> Bytes => Rented.AsMemory(0, Length);

    internal void Return() => ArrayPool<byte>.Shared.Return(Rented);
}
