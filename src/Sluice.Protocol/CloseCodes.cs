namespace Sluice.Protocol;

/// <summary>The close codes of RFC 6455, 7.4, that this library names.</summary>
public static class CloseCodes
{
    /// <summary>Done.</summary>
    public const ushort Normal = 1000;

    /// <summary>This end is going away: a server shuts down, a page is left.</summary>
    public const ushort GoingAway = 1001;

    /// <summary>The peer broke the protocol.</summary>
    public const ushort ProtocolError = 1002;

    /// <summary>The peer sent a kind of data that this end does not take.</summary>
    public const ushort UnsupportedData = 1003;

    /// <summary>Never on the wire: the close frame held no code.</summary>
    public const ushort NoStatus = 1005;

    /// <summary>Never on the wire: the connection ended without a close frame.</summary>
    public const ushort Abnormal = 1006;

    /// <summary>The payload is not what it says it is, UTF-8 for one.</summary>
    public const ushort InvalidPayload = 1007;

    /// <summary>The peer did what this end's policy forbids.</summary>
    public const ushort PolicyViolation = 1008;

    /// <summary>The message is larger than this end takes.</summary>
    public const ushort MessageTooBig = 1009;

    /// <summary>This end failed for a reason of its own.</summary>
    public const ushort InternalError = 1011;

    /// <summary>This end has too much to do; come back later.</summary>
    public const ushort TryAgainLater = 1013;

    /// <summary>Never on the wire: the TLS handshake failed.</summary>
    public const ushort TlsHandshake = 1015;

    /// <summary>Whether a peer may send this code; the same codes are ours to send.</summary>
    public static bool IsValidReceived(int code) =>
        code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
}
