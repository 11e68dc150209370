using System.Buffers;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Sockets by epoll, of which those that begin with a TLS handshake are spoken with over TLS: the loop sees plaintext.</summary>
/// <remarks>
/// <para><b>Thread.</b> As <see cref="ISystem"/> says. All cryptography happens on the loop's thread, within
/// <see cref="Next"/> and <see cref="Send"/>: nothing is handed from thread to thread, and one record more costs no more than its bytes.
/// A handshake takes the loop as long as its signature does.</para>
/// <para><b>Which sockets.</b> The first byte tells: 22 begins TLS (RFC 8446, 5.1) and no HTTP request. Without TLS a socket
/// is served as an <see cref="EpollSystem"/> serves it, or, where TLS is required, fails at that byte.</para>
/// <para><b>Sending.</b> The records of one send go to the kernel together. What it does not take waits here, and the loop is
/// told that there is no room (<see cref="SendStatus.Full"/>); so never more than one send waits, and a few records of TLS's own.</para>
/// </remarks>
public sealed partial class TlsSystem : ISystem
{
    private const byte HandshakeRecord = 22;
    private const int RecordBytesMax = 16 * 1024 + 512;
    private const int KeptBytesMax = 64 * 1024; // of what is peeked at
    private const int UnsentByTlsMax = 64 * 1024; // of what TLS says by itself, while the socket has no room

    private readonly EpollSystem _sockets;
    private readonly ServerCertificate _certificate;
    private readonly int _handshakesMax;
    private readonly bool _isRequired;
    private readonly Action<int, TlsConnection?> _released;
    private readonly Queue<TlsConnection> _owing = new();
    private readonly ArrayBufferWriter<byte> _written = new();
    private readonly byte[] _opened = GC.AllocateUninitializedArray<byte>(ISystem.HeadroomBytes + EpollSystem.ReceiveBytesMax + RecordBytesMax);
    private Row[] _rows = new Row[64];
    private int _handshakes;

    /// <summary>Makes a system, and takes the listening socket if there is one.</summary>
    /// <param name="certificate">What handshakes are made with. Outlives the system.</param>
    /// <param name="released">Given each descriptor that <see cref="Release"/> gives away, and its TLS if it has one, on the loop's thread; owns both from then on.</param>
    /// <param name="listener">From where to accept; null for a loop whose sockets others accept.</param>
    /// <param name="isRequired">Whether a socket that does not begin with TLS fails.</param>
    /// <param name="limits">Null for the defaults.</param>
    /// <exception cref="IOException">The operating system had no descriptor or memory.</exception>
    public TlsSystem(
        ServerCertificate certificate, Action<int, TlsConnection?> released, ListeningSocket? listener = null, bool isRequired = false, TlsLimits? limits = null)
    {
        _certificate = certificate;
        _released = released;
        _isRequired = isRequired;
        _handshakesMax = (limits ?? TlsLimits.Default).HandshakesMax;
        _sockets = new EpollSystem(socket => released(socket, null), listener);
    }

    /// <inheritdoc/>
    public long Now => _sockets.Now;

    /// <inheritdoc/>
    public void Random(Span<byte> destination) => _sockets.Random(destination);

    /// <inheritdoc/>
    public bool Next(long deadlineMs, out Completion completion)
    {
        do
        {
            while (_owing.TryDequeue(out TlsConnection? tls))
            {
                tls.IsQueued = false;
                if (!tls.IsGone && Deliver(tls, out completion))
                {
                    return true;
                }
            }
            if (!_sockets.Next(deadlineMs, out completion))
            {
                return false;
            }
            if (Translate(ref completion))
            {
                return true;
            }
        }
        while (_owing.Count > 0 || Now < deadlineMs); // sockets that only have pieces of records must not hold up the loop's deadlines
        return false;
    }

    /// <inheritdoc/>
    public void Adopt(int socket, ulong token, bool peek)
    {
        RowOf(socket) = new Row { Stage = peek ? Stage.New : Stage.NewAndArmed };
        _sockets.Adopt(socket, token, peek: true);
    }

    /// <inheritdoc/>
    public void Close(int socket)
    {
        ref Row row = ref RowOf(socket);
        if (row.Tls is { } tls)
        {
            Leave(tls);
            tls.Dispose();
            _written.ResetWrittenCount(); // its last words are not sent any more
        }
        row = default;
        _sockets.Close(socket);
    }

    /// <inheritdoc/>
    public void Release(int socket)
    {
        ref Row row = ref RowOf(socket);
        TlsConnection? tls = row.Tls;
        row = default;
        if (tls is null)
        {
            _sockets.Release(socket);
            return;
        }
        Invariant.Check(tls.IsPeeked, "only what is unread can be given away");
        Leave(tls);
        _sockets.Forget(socket);
        _released(socket, tls);
    }

    /// <inheritdoc/>
    public bool TryGetAddress(int socket, Span<byte> address) => _sockets.TryGetAddress(socket, address);

    /// <inheritdoc/>
    public bool IsSecure(int socket) => RowOf(socket).Tls is not null;

    /// <inheritdoc/>
    public void ResumeAccepting() => _sockets.ResumeAccepting();

    /// <inheritdoc/>
    public void StopAccepting() => _sockets.StopAccepting();

    /// <inheritdoc/>
    public void Wake() => _sockets.Wake();

    /// <summary>Closes every socket that the loop still has, and stops listening.</summary>
    public void Dispose()
    {
        foreach (ref Row row in _rows.AsSpan())
        {
            row.Tls?.Dispose();
            row = default;
        }
        _sockets.Dispose();
    }

    private ref Row RowOf(int socket)
    {
        if (socket >= _rows.Length)
        {
            Array.Resize(ref _rows, Math.Max(socket + 1, 2 * _rows.Length));
        }
        return ref _rows[socket];
    }

    private void Leave(TlsConnection tls)
    {
        tls.IsGone = true;
        CountOff(tls);
    }

    private void CountOff(TlsConnection tls)
    {
        if (tls.IsUnderWay)
        {
            tls.IsUnderWay = false;
            _handshakes--;
        }
    }

    /// <summary>What is known of a socket: 24 bytes for each descriptor number in use.</summary>
    private struct Row
    {
        internal TlsConnection? Tls;
        internal byte[]? Early; // said before it is known how
        internal bool IsEndEarly; // and nothing more is said
        internal Stage Stage;

        internal readonly bool IsUndecided => Stage is Stage.New or Stage.NewAndArmed;
    }

    private enum Stage : byte
    {
        /// <summary>Not adopted; or served as the kernel has it.</summary>
        Plain,

        /// <summary>Nothing has come from it, and the loop peeks.</summary>
        New,

        /// <summary>Nothing has come from it, and the loop reads.</summary>
        NewAndArmed,

        /// <summary>TLS.</summary>
        Secure,
    }
}
