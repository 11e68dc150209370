namespace Sluice.Simulator;

/// <summary>What has to come about in some seed: where one does not, the seeds test less than they seem to.</summary>
internal enum Milestone
{
    /// <summary>A loop adopted what another had accepted.</summary>
    AdoptedElsewhere,

    /// <summary>A connection was given away.</summary>
    Released,

    /// <summary>One send had more bytes than small frames are copied for.</summary>
    SentLarge,

    /// <summary>Frames came together with the request.</summary>
    FramesWithRequest,

    /// <summary>A client came back and had missed nothing that it did not get then.</summary>
    Recovered,

    /// <summary>A client came back and was told that it has lost something.</summary>
    NotRecovered,

    /// <summary>A client came back to a channel that had been forgotten.</summary>
    EpochChanged,

    /// <summary>A reader fell behind what is kept, and was told.</summary>
    FellBehind,

    /// <summary>A join or leave was shown.</summary>
    JoinOrLeave,

    /// <summary>A command was refused.</summary>
    Refused,

    /// <summary>A command was refused since a position was lost.</summary>
    PositionRefused,

    /// <summary>Closed for taking too little.</summary>
    ClosedAsSlow,

    /// <summary>Closed for a pong that did not come.</summary>
    ClosedWithoutPong,

    /// <summary>Closed for not connecting in time.</summary>
    ClosedAsStale,

    /// <summary>Closed since the server shuts down.</summary>
    ClosedByShutdown,

    /// <summary>Closed for a broken rule.</summary>
    ClosedByRule,

    /// <summary>More readers of one channel than get their turns in one go.</summary>
    Crowd,

    /// <summary>The shutdown came in the middle of the storm.</summary>
    ShutDownInStorm,

    /// <summary>A handshake was answered by an error.</summary>
    RefusedInHttp,

    /// <summary>Refused since its address has too many connections.</summary>
    LimitedByAddress,

    /// <summary>Closed for a message that did not get on.</summary>
    ClosedWithoutProgress,

    /// <summary>Closed for too many control frames.</summary>
    ClosedForControlFrames,

    /// <summary>Let go for not answering a ping of the protocol's.</summary>
    LetGoAsDead,

    /// <summary>Let go for taking too little at a time.</summary>
    LetGoAsStalled,

    /// <summary>Let go since memory was short.</summary>
    Shed,

    /// <summary>A peer was sent a compressed message.</summary>
    Inflated,

    /// <summary>A message was sent in parts, to its end.</summary>
    SentInParts,

    /// <summary>A part was refused for the time being.</summary>
    PartRefused,

    /// <summary>A message was refused, and the connection went on.</summary>
    DroppedNewest,

    /// <summary>A message that had been accepted was dropped for those after it.</summary>
    DroppedOldest,

    /// <summary>Somebody who had been told to wait was told that he need not any more.</summary>
    Drained,

    /// <summary>A peer was held, and meanwhile nothing was read of it.</summary>
    Held,

    /// <summary>Something was sent to a peer in the callback of another.</summary>
    SentToAnother,
}
