using System.Net;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>One client's connection at a server: 16 bytes that name it, to be copied and kept at will.</summary>
/// <remarks>
/// <para><b>Thread.</b> The members of this page but <see cref="Equals(WebSocket)"/> and the like are for the socket's own loop, that
/// is for callbacks of its handler, and of those of sockets of the same loop; elsewhere they throw <see cref="InvalidOperationException"/>.
/// From any thread: <see cref="Post(string, SendOptions)"/>, <see cref="PostClose"/>, and <see cref="Topic"/>.</para>
/// <para><b>Staleness.</b> After <see cref="WebSocketHandler.Closed"/> it names nothing, and never another: then, and from the moment at
/// which either end closes, sending answers <see cref="SendResult.Refused"/> and everything else does nothing. The default value names
/// nothing either.</para>
/// </remarks>
public readonly partial struct WebSocket : IEquatable<WebSocket>
{
    private readonly ServerLoop? _loop;
    private readonly Handle _handle;

    internal WebSocket(ServerLoop loop, Handle handle)
    {
        _loop = loop;
        _handle = handle;
    }

    /// <summary>Whether it is open: neither end has begun to close it.</summary>
    public bool IsOpen => OnLoop is { } loop && loop.IsOpen(_handle);

    /// <summary>Whether the client takes nothing more for now, so that what is sent waits.</summary>
    public bool IsBlocked => OnLoop is { } loop && loop.IsBlocked(_handle);

    /// <summary>The client's address, or that of the proxy before it; null when the connection is over. Asked of the operating system each
    /// time, so that an idle socket does not pay for it; IPv4 as such, however the server listens.</summary>
    public IPAddress? RemoteAddress
    {
        get
        {
            Span<byte> address = stackalloc byte[ISystem.AddressBytes];
            return OnLoop is { } loop && loop.TryGetAddress(_handle, address) ? AddressOf(address) : null;
        }
    }

    internal Handle Handle => _handle;

    internal ServerLoop? Loop => _loop;

    /// <summary>The place of its state in its handler's table.</summary>
    internal ref int Place => ref _loop!.Loop.EndpointState(_handle);

    /// <summary>Sends text.</summary>
    /// <param name="text">What is no character in it becomes U+FFFD.</param>
    /// <param name="options">How.</param>
    public SendResult Send(string text, SendOptions options = SendOptions.None)
    {
        if (OnLoop is not { } loop)
        {
            return SendResult.Refused;
        }
        byte[] utf8 = loop.Buffers.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int count = Encoding.UTF8.GetBytes(text, utf8);
        SendResult result = loop.Send(_handle, Opcode.Text, utf8.AsSpan(0, count), options);
        loop.Buffers.Return(utf8);
        return result;
    }

    /// <summary>Sends a binary message.</summary>
    public SendResult Send(ReadOnlySpan<byte> bytes, SendOptions options = SendOptions.None) => Send(Opcode.Binary, bytes, options);

    /// <summary>Sends text.</summary>
    /// <param name="utf8">Valid UTF-8, which is not checked: a client would close for what is not.</param>
    /// <param name="options">How.</param>
    public SendResult SendText(ReadOnlySpan<byte> utf8, SendOptions options = SendOptions.None) => Send(Opcode.Text, utf8, options);

    /// <summary>Sends what was received, from this socket or another of its loop.</summary>
    public SendResult Send(ReceivedMessage message, SendOptions options = SendOptions.None) => Send(message.Opcode, message.Bytes, options);

    /// <summary>Sends a message that was encoded once for many.</summary>
    public SendResult Send(SharedMessage message) => OnLoop is { } loop ? loop.SendShared(_handle, message) : SendResult.Refused;

    /// <summary>Sends the next part of a message that is too large to be held; other messages to this client wait for its end. Not compressed.</summary>
    /// <param name="part">The next bytes.</param>
    /// <param name="last">Whether the message ends with them.</param>
    /// <param name="opcode">Text or binary, the same with every part.</param>
    /// <returns><see cref="SendResult.Refused"/> while too much waits: nothing was taken, so offer the same part again when
    /// <see cref="WebSocketHandler.Drained"/> is called; or for good, if the socket is not <see cref="IsOpen"/>.</returns>
    public SendResult SendPart(ReadOnlySpan<byte> part, bool last, Opcode opcode = Opcode.Binary)
    {
        CheckData(opcode);
        return OnLoop is { } loop ? loop.SendPart(_handle, opcode, part, last) : SendResult.Refused;
    }

    /// <summary>Closes the connection; what already waits for the client goes first. Nothing more is received.</summary>
    /// <param name="code">1000 to 1003, 1007 to 1014, or 3000 to 4999.</param>
    /// <param name="reason">Cut to 123 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The code is none to be sent.</exception>
    public void Close(ushort code = CloseCodes.Normal, string reason = "")
    {
        CheckCode(code);
        OnLoop?.Close(_handle, code, Encoding.UTF8.GetBytes(reason));
    }

    /// <summary>Reads nothing more from the client until <see cref="Resume"/>, so that it feels it. Messages that were already received may still come.</summary>
    public void Hold() => OnLoop?.Hold(_handle);

    /// <summary>Reads on after <see cref="Hold"/>.</summary>
    public void Resume() => OnLoop?.Resume(_handle);

    /// <summary>Whether both name the same connection.</summary>
    public bool Equals(WebSocket other) => _loop == other._loop && _handle == other._handle;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is WebSocket other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_loop, _handle);

    /// <summary>Whether both name the same connection.</summary>
    public static bool operator ==(WebSocket left, WebSocket right) => left.Equals(right);

    /// <summary>Whether both name different connections.</summary>
    public static bool operator !=(WebSocket left, WebSocket right) => !left.Equals(right);

    internal SendResult Send(Opcode opcode, ReadOnlySpan<byte> bytes, SendOptions options) =>
        OnLoop is { } loop ? loop.Send(_handle, opcode, bytes, options) : SendResult.Refused;

    internal static void CheckData(Opcode opcode)
    {
        if (opcode is not (Opcode.Text or Opcode.Binary))
        {
            throw new ArgumentOutOfRangeException(nameof(opcode), opcode, "A message is text or binary.");
        }
    }

    internal static void CheckCode(ushort code)
    {
        if (!CloseCodes.IsValidReceived(code))
        {
            throw new ArgumentOutOfRangeException(nameof(code), code, "This close code is not one to be sent.");
        }
    }

    // The loop, for its own thread; null for the default value.
    private EventLoop? OnLoop => _loop is null || _loop.IsCurrent
        ? _loop?.Loop
        : throw new InvalidOperationException("This is for the socket's own loop. From another thread use Post, PostClose, or a Topic.");

    private static IPAddress AddressOf(ReadOnlySpan<byte> bytes)
    {
        IPAddress address = new(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }
}
