namespace Sluice.Simulator;

/// <summary>Everything that the world can do to the system under test besides its duty. From
/// <see cref="BufferTiny"/> on they may cost a connection.</summary>
internal enum Fault
{
    /// <summary>A read gets some of what has arrived.</summary>
    ReadCut,

    /// <summary>A read gets one byte.</summary>
    ReadByte,

    /// <summary>A send takes some of the bytes although there is room for more.</summary>
    SendShort,

    /// <summary>A send takes nothing at once.</summary>
    SendNothing,

    /// <summary>A send takes everything and leaves no room for more.</summary>
    SendFull,

    /// <summary>A send completes later.</summary>
    SendPending,

    /// <summary>A send that completes later takes some of the bytes.</summary>
    SendPendingShort,

    /// <summary>A peek is reported again although nothing came.</summary>
    PeekRepeated,

    /// <summary>No descriptor is left for a new peer.</summary>
    AcceptFailed,

    /// <summary>A wake-up takes long.</summary>
    WakeDelayed,

    /// <summary>A wake-up that nobody asked for.</summary>
    WakeSpurious,

    /// <summary>A loop's turn in which nothing has happened.</summary>
    TurnSpurious,

    /// <summary>A socket's buffers hold so little that ordinary traffic fills them.</summary>
    BufferTiny,

    /// <summary>Bytes are long on their way.</summary>
    BytesDelayed,

    /// <summary>The connection breaks; what was on its way is lost.</summary>
    Reset,

    /// <summary>The peer resets the connection.</summary>
    ResetByPeer,

    /// <summary>The peer says FIN without a close frame.</summary>
    EndedWithoutClose,

    /// <summary>The peer is gone and nothing says so: what is sent to it is never taken and never answered.</summary>
    PeerVanished,

    /// <summary>The peer stops reading for a while.</summary>
    PeerStalled,

    /// <summary>The peer does not answer a ping of the native wire.</summary>
    PongWithheld,

    /// <summary>A loop's thread does not run for a while.</summary>
    LoopStalled,
}
