using System.Buffers;
using System.Net.Security;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>TLS of one connection, at the server's end: while a loop has it, bytes in and bytes out; given away, a stream.</summary>
/// <remarks>
/// <para><b>Thread.</b> Its loop's; after it was given away, its new owner's.</para>
/// <para><b>Idle</b> it holds <c>SslStream</c>, OpenSSL's connection and its two record buffers, and one read that pends without a
/// buffer. So plaintext is asked for only when it is there, and every read of bytes returns at once.</para>
/// </remarks>
public sealed class TlsConnection : IDisposable
{
    private readonly RecordStream _records;
    private readonly SslStream _tls;
    private readonly Task _handshake;
    private ValueTask<int> _news; // pends until there is plaintext, or the end
    private byte[] _unsent = []; // records that the socket did not take
    private int _unsentOffset;
    private int _unsentCount;
    private bool _isDisposed;

    /// <summary>Waits for the client's first bytes.</summary>
    /// <param name="options">Of the handshake.</param>
    /// <param name="token">The loop's name for the connection.</param>
    /// <param name="socket">The system's.</param>
    /// <param name="isPeeked">Whether what arrives is shown and kept.</param>
    /// <param name="written">Takes the records that are written while a loop has it; the loop sends them.</param>
    internal TlsConnection(SslServerAuthenticationOptions options, ulong token, int socket, bool isPeeked, IBufferWriter<byte> written)
    {
        Token = token;
        Socket = socket;
        IsPeeked = isPeeked;
        IsArmed = !isPeeked;
        _records = new RecordStream(written);
        _tls = new SslStream(_records, leaveInnerStreamOpen: true);
        _handshake = _tls.AuthenticateAsServerAsync(options);
    }

    /// <summary>Plaintext both ways, after <see cref="CarryAsync"/>.</summary>
    public Stream Stream { get; private set; } = Stream.Null;

    /// <summary>What is spoken over it, if that was agreed on (ALPN). After the handshake.</summary>
    public SslApplicationProtocol ApplicationProtocol => _tls.NegotiatedApplicationProtocol;

    internal ulong Token { get; }

    internal int Socket { get; }

    /// <summary>Whether it is counted among the handshakes that are under way.</summary>
    internal bool IsUnderWay { get; set; } = true;

    /// <summary>Whether the handshake is over.</summary>
    internal bool IsOpen { get; private set; }

    internal bool IsPeeked { get; set; }

    internal bool IsArmed { get; set; }

    internal bool IsQueued { get; set; }

    /// <summary>The loop has closed it or given it away.</summary>
    internal bool IsGone { get; set; }

    /// <summary>Broken, and told so: only closing is left.</summary>
    internal bool IsFailed { get; set; }

    /// <summary>The peer's end has come.</summary>
    internal bool IsEnded { get; private set; }

    internal bool IsEndTold { get; set; }

    /// <summary>The peer's end is to be told now.</summary>
    internal bool OwesEnded => IsEnded && !IsEndTold && (IsPeeked || (IsArmed && KeptCount == 0));

    /// <summary>The socket has no room: what is written waits in <see cref="Unsent"/>.</summary>
    internal bool IsBlocked { get; set; }

    /// <summary>The loop waits to be told that there is room.</summary>
    internal bool OwesRoom { get; set; }

    /// <summary>After the last of <see cref="Unsent"/> the writing ends.</summary>
    internal bool OwesEnd { get; set; }

    /// <summary>What was shown to a loop that peeks, behind a headroom.</summary>
    internal byte[] Kept { get; private set; } = [];

    internal int KeptCount { get; private set; }

    internal ArraySegment<byte> Unsent => new(_unsent, _unsentOffset, _unsentCount);

    /// <summary>Goes on with streams that carry the records, when it was given away: what was peeked at is read first.</summary>
    /// <param name="input">Where they come from.</param>
    /// <param name="output">Where they go; may be the same.</param>
    /// <exception cref="IOException">They have ended.</exception>
    public async Task CarryAsync(Stream input, Stream output)
    {
        await output.WriteAsync(Unsent).ConfigureAwait(false);
        Sent(_unsentCount);
        Stream = new PlainStream(_tls, Kept.AsMemory(Math.Min(Kept.Length, ISystem.HeadroomBytes), KeptCount), _news);
        _ = _records.CarryAsync(input, output);
    }

    /// <summary>Frees everything. What pends ends.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _records.End();
            _ = _handshake.Exception; // seen
            _tls.Dispose();
            Sent(_unsentCount);
        }
    }

    /// <summary>Takes what came from the socket; nothing for the peer's end.</summary>
    /// <param name="bytes">Records, or pieces of such. Valid until the return.</param>
    /// <param name="plaintext">Takes what was in them; has room for all of them and a record more.</param>
    /// <returns>How many bytes of plaintext there are; null if the peer broke the protocol.</returns>
    internal int? Receive(ReadOnlyMemory<byte> bytes, Memory<byte> plaintext)
    {
        try
        {
            if (bytes.IsEmpty)
            {
                _records.End();
            }
            else
            {
                _records.Bring(bytes);
            }
            int count = Open(plaintext);
            // After the peer's end nothing counts.
            Invariant.Check(_records.Forget() || IsEnded, "what has come is read at once");
            return count;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or InvariantException)) // whatever it is, the peer caused it
        {
            _records.Forget();
            return null;
        }
    }

    /// <summary>Writes the records of some bytes.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    internal void Write(ReadOnlySpan<byte> bytes) => _tls.Write(bytes);

    /// <summary>Writes that nothing more will come.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    /// <exception cref="InvalidOperationException">The handshake is not over.</exception>
    internal void WriteEnd()
    {
        Task end = _tls.ShutdownAsync();
        Invariant.Check(end.IsCompleted, "writing never pends");
        end.GetAwaiter().GetResult();
    }

    /// <summary>Keeps plaintext that a loop only peeks at.</summary>
    internal void Keep(ReadOnlySpan<byte> bytes)
    {
        byte[] kept = new byte[ISystem.HeadroomBytes + KeptCount + bytes.Length];
        Kept.CopyTo(kept, 0);
        bytes.CopyTo(kept.AsSpan(ISystem.HeadroomBytes + KeptCount));
        Kept = kept;
        KeptCount += bytes.Length;
    }

    internal void DropKept()
    {
        Kept = [];
        KeptCount = 0;
    }

    /// <summary>Keeps records that the socket did not take.</summary>
    internal void KeepUnsent(ReadOnlySpan<byte> records)
    {
        if (_unsent.Length - _unsentOffset - _unsentCount < records.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_unsentCount + records.Length);
            Unsent.AsSpan().CopyTo(larger);
            ReturnUnsent();
            _unsent = larger;
            _unsentOffset = 0;
        }
        records.CopyTo(_unsent.AsSpan(_unsentOffset + _unsentCount));
        _unsentCount += records.Length;
    }

    /// <summary>The socket has taken so many of <see cref="Unsent"/>.</summary>
    internal void Sent(int count)
    {
        _unsentOffset += count;
        _unsentCount -= count;
        if (_unsentCount == 0)
        {
            ReturnUnsent();
            _unsent = [];
            _unsentOffset = 0;
        }
    }

#pragma warning disable CA2012 // Consumed once: the one in the field when it is complete, the other as soon as it is made.
    private int Open(Memory<byte> plaintext)
    {
        if (!IsOpen)
        {
            if (!_handshake.IsCompleted)
            {
                return 0;
            }
            _handshake.GetAwaiter().GetResult();
            IsOpen = true;
            _news = _tls.ReadAsync(Memory<byte>.Empty);
        }
        int count = 0;
        while (_news.IsCompleted && !IsEnded)
        {
            _news.GetAwaiter().GetResult();
            ValueTask<int> read = _tls.ReadAsync(plaintext[count..]);
            Invariant.Check(read.IsCompleted, "what was announced is there");
            int more = read.GetAwaiter().GetResult();
            IsEnded = more == 0;
            count += more;
            _news = IsEnded ? default : _tls.ReadAsync(Memory<byte>.Empty);
        }
        return count;
    }

#pragma warning restore CA2012

    private void ReturnUnsent()
    {
        if (_unsent.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_unsent);
        }
    }
}
