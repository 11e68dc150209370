namespace Sluice.Protocol;

/// <summary>Decompresses messages of permessage-deflate (RFC 7692, 7.2.2), in bounded steps.</summary>
/// <remarks>
/// <para><b>Owner</b>: one direction of one connection while a message is under way, from <see cref="Begin"/> to
/// <see cref="InflateStatus.Done"/> or <see cref="InflateStatus.Broken"/>; between messages anybody, since nothing of a message
/// is needed after it, unless the peer looks back at earlier messages. No two threads at once.</para>
/// <para><b>Calls</b>: <see cref="Begin"/>, then <see cref="Step"/> until it answers <c>Done</c> or <c>Broken</c>. What a step
/// gave lies in here: it is the window of what follows, so it must not be changed, and the next step may move it.</para>
/// <para><b>Progress</b>: <c>More</c> comes with output, <c>NeedInput</c> only when all input is consumed. So the number of steps
/// of a message is bounded by its pieces and its length, whatever the peer sends.</para>
/// <para><b>Memory</b>: 56 KB, all of it from the beginning; a step allocates nothing.</para>
/// </remarks>
public sealed partial class Inflater
{
    /// <summary>The most output of one step.</summary>
    public const int StepBytesMax = 16 * 1024;

    // Output goes behind the window. When less than this is free there, the window is moved to the front: so it is moved at most
    // once in 15 KB of output, however small the steps.
    private const int RoomBytesMin = 1024;
    private const int BufferBytes = DeflateFormat.WindowBytesMax + StepBytesMax;

    // A match is copied in words, the last of which may go beyond its end.
    private const int OvershootBytes = 32;

    private readonly byte[] _buffer = new byte[BufferBytes + OvershootBytes];
    private int _at; // in the buffer: before it lies what was inflated, behind it nothing
    private int _stepEnd; // where the output of this step ends at the latest
    private int _distanceMax;

    private State _state = State.Ended;
    private ulong _bits; // taken from the input and not used yet
    private int _bitCount;
    private bool _final; // the block is, or was, the last of a DEFLATE stream

    private enum State : byte
    {
        BlockHeader,
        StoredLength,
        Stored,
        CodeCounts,
        CodeLengthLengths,
        CodeLengths,
        Symbols,
        Match,
        Broken,
        Ended,
    }

    /// <summary>How many bytes of this message are inflated so far.</summary>
    public long MessageBytes { get; private set; }

    /// <summary>Begins a message.</summary>
    /// <param name="windowBits">How far the message may look back: 2 to this power bytes (8 to 15).</param>
    /// <param name="keepWindow">Whether it may look back at the messages that this inflater did before, the last of which must
    /// be <c>Done</c>; else at nothing but itself.</param>
    public void Begin(int windowBits, bool keepWindow)
    {
        Invariant.Check(DeflateAgreement.IsWindow(windowBits), "A window is of 8 to 15 bits.");
        Invariant.Check(!keepWindow || _state == State.Ended, "A window is kept behind complete messages only.");
        _distanceMax = 1 << windowBits;
        _at = keepWindow ? _at : 0;
        _bits = 0;
        _bitCount = 0;
        _final = true; // as if a stream had just ended: a message of no bytes is complete
        _state = State.BlockHeader;
        MessageBytes = 0;
    }

    /// <summary>Inflates the next piece of the message, up to <see cref="StepBytesMax"/> bytes of output.</summary>
    /// <param name="input">The next bytes of the message: those that the last step did not consume, and then others. May be
    /// empty.</param>
    /// <param name="final">Whether the message ends with this input. The four bytes that RFC 7692, 7.2.2 appends are not part of
    /// it.</param>
    /// <param name="consumed">How many bytes of the input are done with.</param>
    /// <param name="output">What was inflated; valid until the next call. Empty when the answer is <c>Broken</c>.</param>
    public InflateStatus Step(ReadOnlySpan<byte> input, bool final, out int consumed, out Span<byte> output)
    {
        Invariant.Check(_state != State.Ended, "A message begins before its first step.");
        MakeRoom();
        int start = _at;
        _stepEnd = Math.Min(start + StepBytesMax, BufferBytes);
        BitReader reader = new(input, _bits, _bitCount);
        while (Advance(ref reader))
        {
        }
        Invariant.Check(_at <= _stepEnd, "a step keeps within its room");
        _bits = reader.Bits;
        _bitCount = reader.Count;
        consumed = reader.At;
        InflateStatus status = Judge(final);
        output = status == InflateStatus.Broken ? default : _buffer.AsSpan(start.._at);
        MessageBytes += output.Length;
        return status;
    }

    private void MakeRoom()
    {
        if (BufferBytes - _at < RoomBytesMin)
        {
            _buffer.AsSpan(_at - DeflateFormat.WindowBytesMax, DeflateFormat.WindowBytesMax).CopyTo(_buffer);
            _at = DeflateFormat.WindowBytesMax;
        }
    }

    // False when nothing more can be done in this step: the input is used up, the output is full, or the stream is broken.
    private bool Advance(ref BitReader reader) => _state switch
    {
        State.BlockHeader => TakeBlockHeader(ref reader),
        State.StoredLength => TakeStoredLength(ref reader),
        State.Stored => TakeStored(ref reader),
        State.CodeCounts => TakeCodeCounts(ref reader),
        State.CodeLengthLengths => TakeCodeLengthLengths(ref reader),
        State.CodeLengths => TakeCodeLengths(ref reader),
        State.Symbols => TakeSymbols(ref reader),
        State.Match => CopyMatch(),
        _ => false,
    };

    private InflateStatus Judge(bool final)
    {
        if (_state == State.Broken)
        {
            return InflateStatus.Broken;
        }
        if (_at == _stepEnd && _state is State.Stored or State.Symbols or State.Match)
        {
            return InflateStatus.More;
        }
        if (!final)
        {
            return InflateStatus.NeedInput;
        }
        bool complete = IsComplete;
        _state = complete ? State.Ended : State.Broken;
        return complete ? InflateStatus.Done : InflateStatus.Broken;
    }

    // A message ends within an empty stored block whose length its sender left out, four bytes that say nothing (RFC 7692, 7.2.1).
    // Not wanted by the RFC, but nothing is missing: it ends with the last block of a stream.
    private bool IsComplete => _bitCount == 0 && (_state == State.StoredLength || (_state == State.BlockHeader && _final));

    private bool Break()
    {
        _state = State.Broken;
        return false;
    }
}
