using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Encodes the messages of one source (a topic, a channel), each once for all its readers.</summary>
/// <remarks>
/// <para><b>Owner.</b> One thread; what it makes is for any.</para>
/// <para><b>Compression</b> follows demand. Readers tell, by the messages they are given, which variant would have served them
/// best, and the next messages have that one. So a source without compressing readers compresses nothing, and one with
/// many compresses each message at most once for each <see cref="Variant"/>.</para>
/// <para><b>Numbers.</b> Compressed messages are numbered, consecutively within a source; no two in a process have the same.
/// After 65,535 a source goes on as a new one.</para>
/// </remarks>
public sealed class MessageEncoder
{
    /// <summary>How many bytes of earlier messages a compressed frame looks back at, at most.</summary>
    public const int HistoryBytesMax = 4096;

    /// <summary>Shorter messages are never compressed.</summary>
    public const int MessageBytesMin = 32;

    /// <summary>Nor are longer ones: compressing takes its time from all that the thread serves.</summary>
    public const int MessageBytesMax = 64 << 10;

    private const ulong NumbersPerSource = 1 << 16;

    private static long _sourceCount;

    private readonly Deflater _deflater;
    private readonly VariantDemand _demand = new();
    private MessageHistory? _history; // none until somebody wants one
    private ulong _number = NewSource();

    /// <summary>Makes an encoder.</summary>
    /// <param name="deflater">Shared with others of the same thread; it keeps nothing between messages.</param>
    public MessageEncoder(Deflater deflater) => _deflater = deflater;

    /// <summary>How many times something was compressed.</summary>
    public long CompressionCount { get; private set; }

    /// <summary>Encodes the next message of the source.</summary>
    /// <param name="opcode">Text or binary.</param>
    /// <param name="payload">For text valid UTF-8, which is not checked.</param>
    /// <param name="buffers">Where to work.</param>
    public SharedMessage Encode(Opcode opcode, ReadOnlySpan<byte> payload, Buffers buffers) =>
        Encode(SharedMessage.FrameOf(opcode, payload, compressed: false), opcode, payload.Length, buffers);

    /// <summary>Encodes the next message of the source, whose plain frame is there already.</summary>
    /// <param name="frame">A finished frame, which nothing changes any more.</param>
    /// <param name="opcode">Text or binary.</param>
    /// <param name="payloadBytes">How many bytes at its end are the payload.</param>
    /// <param name="buffers">Where to work.</param>
    public SharedMessage Encode(byte[] frame, Opcode opcode, int payloadBytes, Buffers buffers)
    {
        _demand.Advance();
        if (payloadBytes is < MessageBytesMin or > MessageBytesMax)
        {
            return new SharedMessage(frame);
        }
        DeflatedFrame?[]? variants = null;
        if ((_number + 1) % NumbersPerSource == 0)
        {
            // Its numbers are used up: to its readers it is another source from here on, of which they have nothing yet.
            _number = NewSource();
            _history = null;
        }
        ulong number = _number + 1;
        if (_demand.Any)
        {
            byte[] work = buffers.Rent(Deflater.BytesMax(payloadBytes));
            variants = Compress(frame.AsSpan(^payloadBytes..), opcode, number, work);
            buffers.Return(work);
        }
        else
        {
            _history = null;
        }
        if (variants is null)
        {
            return new SharedMessage(frame, number, _demand, null);
        }
        _number = number;
        (_history ??= new()).Add(frame.AsSpan(^payloadBytes..), number);
        return new SharedMessage(frame, number, _demand, variants);
    }

    private static ulong NewSource() => (ulong)Interlocked.Increment(ref _sourceCount) * NumbersPerSource;

    // Null when none is shorter than the message itself.
    private DeflatedFrame?[]? Compress(ReadOnlySpan<byte> payload, Opcode opcode, ulong number, byte[] work)
    {
        DeflatedFrame?[] variants = new DeflatedFrame?[VariantDemand.Variants];
        int shortest = payload.Length;
        for (Variant variant = Variant.Fresh; variant <= Variant.OnRun; variant++)
        {
            if (!_demand.Wants(variant) || (variant > Variant.Fresh && _history is null))
            {
                continue;
            }
            ulong historyStart = number;
            ReadOnlySpan<byte> history = variant == Variant.Fresh ? default : _history!.Read(variant == Variant.OnOne, out historyStart);
            int length = _deflater.Compress(history, payload, DeflateAgreement.WindowBitsMax, work, out int reach);
            CompressionCount++;
            if (length < shortest)
            {
                shortest = length;
                variants[(int)variant] = new(SharedMessage.FrameOf(opcode, work.AsSpan(0, length), compressed: true), reach, historyStart);
            }
        }
        return shortest < payload.Length ? variants : null;
    }
}

/// <summary>Which variants readers of a source have wanted of late. Loops write it, the source reads it; a lost update is made
/// good by the next message.</summary>
internal sealed class VariantDemand
{
    internal const int Variants = 3;

    // For how many messages of the source a wish is remembered.
    private const int Memory = 16;

    private readonly int[] _left = new int[Variants];

    internal bool Any => Wants(Variant.Fresh) || Wants(Variant.OnOne) || Wants(Variant.OnRun);

    internal bool Wants(Variant variant) => Volatile.Read(ref _left[(int)variant]) > 0;

    internal void Want(Variant variant)
    {
        if (Volatile.Read(ref _left[(int)variant]) != Memory)
        {
            Volatile.Write(ref _left[(int)variant], Memory);
        }
    }

    internal void Advance()
    {
        foreach (ref int left in _left.AsSpan())
        {
            left = Math.Max(0, Volatile.Read(ref left) - 1);
        }
    }
}

/// <summary>The last bytes of a source's compressed messages, in order.</summary>
internal sealed class MessageHistory
{
    private readonly byte[] _bytes = new byte[2 * MessageEncoder.HistoryBytesMax]; // slides
    private readonly Queue<(ulong Number, int Length)> _messages = new();
    private int _end;
    private int _queued; // bytes of the messages in the queue, of which the first may be cut
    private ulong _lastNumber;
    private int _lastLength;

    internal void Add(ReadOnlySpan<byte> message, ulong number)
    {
        ReadOnlySpan<byte> tail = message.Length > MessageEncoder.HistoryBytesMax ? message[^MessageEncoder.HistoryBytesMax..] : message;
        if (_bytes.Length - _end < tail.Length)
        {
            int keep = Math.Min(_end, MessageEncoder.HistoryBytesMax);
            _bytes.AsSpan(_end - keep, keep).CopyTo(_bytes);
            _end = keep;
        }
        tail.CopyTo(_bytes.AsSpan(_end));
        _end += tail.Length;
        _lastNumber = number;
        _lastLength = tail.Length;
        _messages.Enqueue((number, tail.Length));
        _queued += tail.Length;
        while (_queued - _messages.Peek().Length >= MessageEncoder.HistoryBytesMax)
        {
            _queued -= _messages.Dequeue().Length;
        }
    }

    internal ReadOnlySpan<byte> Read(bool lastOnly, out ulong start)
    {
        int length = lastOnly ? _lastLength : Math.Min(_queued, MessageEncoder.HistoryBytesMax);
        start = lastOnly ? _lastNumber : _messages.Peek().Number;
        return _bytes.AsSpan(_end - length, length);
    }
}
