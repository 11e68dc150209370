using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>What one send to one connection is made of: private bytes, and frames shared with other readers.</summary>
/// <remarks>
/// <para>Small pieces are copied one after another into the batch's own block, which costs less than a gathering send;
/// a large shared frame is sent from where it lies, alone. A batch remembers its pieces, so that what a peer did not
/// take returns to where it came from: private bytes to the connection's outbox, a shared frame to its reader's cursor.</para>
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
    private byte[]? _inPlace;

    internal int Length { get; private set; }

    internal byte[] Buffer => _inPlace ?? _block;

    internal int Offset { get; private set; }

    /// <summary>Adds a frame that other readers share, with where its reader's cursor stood before it.</summary>
    /// <param name="frame">A finished frame; nothing may change it.</param>
    /// <param name="cursor">The reader, for <see cref="Endpoint.Rewind"/>.</param>
    /// <param name="position">The cursor's position before this frame.</param>
    /// <returns>False when there is no room in this batch.</returns>
    public bool TryAddShared(byte[] frame, Handle cursor, ulong position) => TryAddFrame(frame, 0, cursor, position);

    /// <summary>Adds the rest of a frame of which the peer has the first bytes.</summary>
    internal void AddRest(byte[] frame, int offset) =>
        Invariant.Check(TryAddFrame(frame, offset, default, 0), "the rest of a frame is the first piece of a batch");

    /// <summary>Free bytes for a private piece; <see cref="CommitPrivate"/> says how many were written.</summary>
    internal Span<byte> FreeBytes => _inPlace is null ? _block.AsSpan(Length) : default;

    internal void CommitPrivate(int count)
    {
        Length += count;
        if (_pieces.Count > 0 && _pieces[^1].Frame is null)
        {
            _pieces[^1] = _pieces[^1] with { End = Length };
        }
        else
        {
            _pieces.Add(new Piece(Length, null, 0, default, 0));
        }
    }

    internal void Clear()
    {
        Length = 0;
        Offset = 0;
        _inPlace = null;
        _pieces.Clear();
    }

    /// <summary>Gives back what was not taken: the pieces from the one that contains byte <paramref name="taken"/> on, last first.</summary>
    internal void GiveBack(int taken, Outbox outbox, Buffers buffers, Endpoint endpoint)
    {
        for (int i = _pieces.Count - 1; i >= 0 && _pieces[i].End > taken; i--)
        {
            Piece piece = _pieces[i];
            int start = i == 0 ? 0 : _pieces[i - 1].End;
            int from = Math.Max(start, taken);
            if (piece.Frame is null)
            {
                outbox.Prepend(_block.AsSpan(from, piece.End - from), buffers);
            }
            else if (from > start || piece.Cursor == default)
            {
                outbox.KeepRest(piece.Frame, piece.FrameOffset + (from - start));
            }
            else
            {
                endpoint.Rewind(piece.Cursor, piece.Position);
            }
        }
    }

    private bool TryAddFrame(byte[] frame, int offset, Handle cursor, ulong position)
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
        _pieces.Add(new Piece(Length, frame, offset, cursor, position));
        return true;
    }

    /// <param name="End">Where the piece ends in the batch.</param>
    /// <param name="Frame">The shared frame, null for private bytes.</param>
    /// <param name="FrameOffset">Where in the frame the piece begins.</param>
    /// <param name="Cursor">Whose cursor read it; none for the rest of a frame begun earlier.</param>
    /// <param name="Position">Where that cursor stood before.</param>
    private readonly record struct Piece(int End, byte[]? Frame, int FrameOffset, Handle Cursor, ulong Position);
}
