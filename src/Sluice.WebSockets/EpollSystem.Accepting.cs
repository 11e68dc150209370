using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// Connections from the listening socket.
public sealed unsafe partial class EpollSystem
{
    private const int AcceptQuantum = 16; // connections in one turn of the listening socket

    private ListeningSocket? _listener;
    private int _listenerDescriptor = -1;
    private int _acceptsLeft;
    private int _refusedAccepts; // one after the other
    private bool _isAcceptPaused;

    /// <inheritdoc/>
    public void ResumeAccepting()
    {
        if (_listener is not null)
        {
            _isAcceptPaused = false;
            Enqueue(_listenerDescriptor, ref _sockets[_listenerDescriptor]);
        }
    }

    /// <inheritdoc/>
    public void StopAccepting()
    {
        if (_listener is not null)
        {
            _listener.Dispose();
            _listener = null;
            _listenerDescriptor = -1;
            _acceptsLeft = 0;
        }
    }

    /// <inheritdoc/>
    public bool TryGetAddress(int socket, Span<byte> address)
    {
        SocketAddress peer = default;
        int bytes = SocketAddress.Bytes;
        bool isKnown = Libc.PeerName(socket, &peer, &bytes) == 0;
        peer.Write(address[..ISystem.AddressBytes]);
        return isKnown;
    }

    /// <summary>Accepts one connection, within the turn of the listening socket.</summary>
    private bool Accept(out Completion completion)
    {
        SocketAddress from = default;
        int fromBytes = SocketAddress.Bytes;
        int socket = Libc.Accept(_listenerDescriptor, &from, &fromBytes, Libc.NonBlocking | Libc.CloseOnExec);
        Errno error = socket >= 0 ? default : Libc.LastError;
        bool isShort = error is Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS;
        _refusedAccepts = isShort || error is default(Errno) or Errno.EAGAIN ? 0 : _refusedAccepts + 1;
        if (isShort || _refusedAccepts == AcceptQuantum)
        {
            _refusedAccepts = 0;
            _acceptsLeft = 0;
            _isAcceptPaused = true;
            completion = Completion.Of(CompletionKind.AcceptFailed, 0, -1);
            return true;
        }
        if (error == Errno.EAGAIN)
        {
            _acceptsLeft = 0;
        }
        else if (--_acceptsLeft == 0)
        {
            Enqueue(_listenerDescriptor, ref _sockets[_listenerDescriptor]);
        }
        CheckNotOurs(error); // any other error is of the one connection that was to be accepted, and its peer knows; so many are not
        from.Write(_received.AsSpan(ISystem.HeadroomBytes, ISystem.AddressBytes));
        completion = new Completion(CompletionKind.Accepted, 0, socket, _received, ISystem.HeadroomBytes, ISystem.AddressBytes);
        return socket >= 0;
    }
}
