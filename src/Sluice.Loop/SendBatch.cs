using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>What one send to one connection is made of: private bytes, and frames shared with other readers.</summary>
/// <remarks>
/// <para>Small pieces are copied one after another into the batch's own block, which costs less than a gathering send;
/// a large shared frame is sent from where it lies, alone. A batch remembers its pieces, so that what a peer did not
/// take returns to where it came from: private bytes to the connection's outbox, a shared frame to its reader's cursor.</para>
/// <para>It follows what the peer's window will hold, and so knows which frame of a shared message that peer understands.</para>
/// <para>A loop has one batch at hand and takes another while the system is still sending the first.</para>
/// </remarks>
public sealed class SendBatch
{
    /// <summary>How many bytes one send takes.</summary>
    public const int BytesMax = 64 << 10;

    /// <summary>A shared frame of this size is sent in place.</summary>
    public const int LargeFrameBytes = 16 << 10;

    private readonly byte[] _block = GC.AllocateUninitializedArray<byte>(BytesMax);
    private readonly List<Piece> _pieces = [];
    private DeflateAgreement _deflate;
    private PeerWindow _window;
    private byte[]? _inPlace;
    private bool _breaksRun;

    internal int Length { get; private set; }

    internal byte[] Buffer => _inPlace ?? _block;

    internal int Offset { get; private set; }

    /// <summary>What the peer's window holds when it has all this.</summary>
    internal PeerWindow Window => _window;

    /// <summary>Adds a message that other readers share, with where its reader's cursor stood before it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cursor">The reader, for <see cref="Endpoint.Rewind"/>; none: what is not taken waits in the outbox, as it is.</param>
    /// <param name="position">The cursor's position before this message.</param>
    /// <returns>False when there is no room in this batch.</returns>
    public bool TryAddShared(SharedMessage message, Handle cursor, ulong position)
    {
        PeerWindow before = _window;
        PeerWindow after = _window;
        byte[] frame = message.FrameFor(_deflate, ref after);
        if (!TryAddFrame(frame, 0, new Piece { Message = message, Cursor = cursor, Position = position, WindowBefore = before }))
        {
            return false;
        }
        _window = after;
        return true;
    }

    /// <summary>Adds the rest of a frame of which the peer has the first bytes.</summary>
    internal void AddRest(byte[] frame, int offset) =>
        Invariant.Check(TryAddFrame(frame, offset, default), "the rest of a frame is the first piece of a batch");

    /// <summary>Free bytes for a private piece; <see cref="CommitPrivate"/> says how many were written.</summary>
    internal Span<byte> FreeBytes => _inPlace is null ? _block.AsSpan(Length) : default;

    /// <summary>Adds what was written to <see cref="FreeBytes"/>.</summary>
    /// <param name="count">How many bytes.</param>
    /// <param name="boundary">Where in them the first whole frame begins.</param>
    internal void CommitPrivate(int count, int boundary)
    {
        int start = _pieces.Count > 0 ? _pieces[^1].End : 0;
        Length += count;
        if (_pieces.Count == 0 || _pieces[^1].Frame is not null)
        {
            _pieces.Add(new Piece { End = Length, Boundary = boundary });
            return;
        }
        Piece piece = _pieces[^1];
        int first = _pieces.Count > 1 ? _pieces[^2].End : 0;
        bool hasNoFrameYet = first + piece.Boundary == start;
        _pieces[^1] = piece with { End = Length, Boundary = hasNoFrameYet ? piece.Boundary + boundary : piece.Boundary };
    }

    /// <summary>A compressed message that is the peer's alone comes before what follows.</summary>
    internal void BreakRun()
    {
        _window = default;
        _breaksRun = true;
    }

    /// <summary>Begins to gather for a connection.</summary>
    internal void Begin(DeflateAgreement deflate, PeerWindow window)
    {
        _deflate = deflate;
        _window = window;
    }

    internal void Clear()
    {
        Length = 0;
        Offset = 0;
        _inPlace = null;
        _breaksRun = false;
        _pieces.Clear();
    }

    /// <summary>Gives back what was not taken: the pieces from the one that contains byte <paramref name="taken"/> on, last first.</summary>
    /// <returns>What the peer's window holds when it has what was taken, and what the outbox got.</returns>
    internal PeerWindow GiveBack(int taken, Outbox outbox, Buffers buffers, Endpoint endpoint)
    {
        PeerWindow window = _window;
        for (int i = _pieces.Count - 1; i >= 0 && _pieces[i].End > taken; i--)
        {
            Piece piece = _pieces[i];
            int start = i == 0 ? 0 : _pieces[i - 1].End;
            int from = Math.Max(start, taken);
            if (piece.Frame is null)
            {
                int boundary = FrameWalk.BoundaryFrom(_block.AsSpan(0, piece.End), start + piece.Boundary, from);
                outbox.Prepend(_block.AsSpan(from, piece.End - from), boundary - from, buffers);
            }
            else if (from > start || piece.Message is null)
            {
                outbox.KeepRest(piece.Frame, piece.FrameOffset + (from - start));
            }
            else
            {
                window = piece.WindowBefore;
                if (piece.Cursor == default)
                {
                    outbox.Prepend(piece.Message.Frame, 0, buffers); // plain, so that it may be dropped
                }
                else
                {
                    endpoint.Rewind(piece.Cursor, piece.Position);
                }
            }
        }
        // What is private goes before what was rewound, though it was added after it.
        return _breaksRun ? default : window;
    }

    private bool TryAddFrame(byte[] frame, int offset, Piece piece)
    {
        int count = frame.Length - offset;
        if (_inPlace is not null || (count >= LargeFrameBytes ? Length > 0 : count > BytesMax - Length))
        {
            return false;
        }
        if (count >= LargeFrameBytes)
        {
            _inPlace = frame;
            Offset = offset;
        }
        else
        {
            frame.AsSpan(offset).CopyTo(_block.AsSpan(Length));
        }
        Length += count;
        _pieces.Add(piece with { End = Length, Frame = frame, FrameOffset = offset });
        return true;
    }

    private readonly record struct Piece
    {
        /// <summary>Where the piece ends in the batch.</summary>
        public int End { get; init; }

        /// <summary>The shared message; null for private bytes, and for the rest of a frame begun earlier.</summary>
        public SharedMessage? Message { get; init; }

        /// <summary>Its frame for this peer, null for private bytes.</summary>
        public byte[]? Frame { get; init; }

        /// <summary>Where in the frame the piece begins.</summary>
        public int FrameOffset { get; init; }

        /// <summary>Whose cursor read it, if one did.</summary>
        public Handle Cursor { get; init; }

        /// <summary>Where that cursor stood before.</summary>
        public ulong Position { get; init; }

        /// <summary>What the peer's window held before.</summary>
        public PeerWindow WindowBefore { get; init; }

        /// <summary>Where in private bytes the first whole frame begins.</summary>
        public int Boundary { get; init; }
    }
}
