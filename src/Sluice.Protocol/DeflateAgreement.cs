namespace Sluice.Protocol;

/// <summary>What a handshake agreed about permessage-deflate (RFC 7692), seen from this end. The default: nothing, so no
/// message is compressed.</summary>
public readonly record struct DeflateAgreement
{
    /// <summary>The smallest window of the format, as a power of two.</summary>
    public const int WindowBitsMin = 8;

    /// <summary>The largest, and what holds when nothing is said.</summary>
    public const int WindowBitsMax = 15;

    private readonly byte _windows; // the bits of both above the smallest: four for receiving, four for sending
    private readonly byte _flags;

    /// <summary>Agrees.</summary>
    /// <param name="sendWindowBits">See <see cref="SendWindowBits"/>.</param>
    /// <param name="receiveWindowBits">See <see cref="ReceiveWindowBits"/>.</param>
    /// <param name="sendFresh">See <see cref="SendFresh"/>.</param>
    /// <param name="receiveFresh">See <see cref="ReceiveFresh"/>.</param>
    public DeflateAgreement(int sendWindowBits, int receiveWindowBits, bool sendFresh, bool receiveFresh)
    {
        Invariant.Check(IsWindow(sendWindowBits) && IsWindow(receiveWindowBits), "A window is of 8 to 15 bits.");
        _windows = (byte)((receiveWindowBits - WindowBitsMin) | ((sendWindowBits - WindowBitsMin) << 4));
        _flags = (byte)(1 | (sendFresh ? 2 : 0) | (receiveFresh ? 4 : 0));
    }

    /// <summary>Whether messages may be compressed, in either direction.</summary>
    public bool Agreed => _flags != 0;

    /// <summary>What this end compresses reaches back at most 2 to this power bytes.</summary>
    public int SendWindowBits => WindowBitsMin + (_windows >> 4);

    /// <summary>What the peer compresses reaches back at most 2 to this power bytes.</summary>
    public int ReceiveWindowBits => WindowBitsMin + (_windows & 0x0F);

    /// <summary>Whether this end compresses each message without looking back at earlier ones.</summary>
    public bool SendFresh => (_flags & 2) != 0;

    /// <summary>Whether the peer does; then nothing needs to be remembered between its messages.</summary>
    public bool ReceiveFresh => (_flags & 4) != 0;

    internal static bool IsWindow(int bits) => bits is >= WindowBitsMin and <= WindowBitsMax;
}
