namespace Sluice.Loop;

/// <summary>A loop's limits and quanta.</summary>
public sealed record EventLoopOptions
{
    /// <summary>The defaults.</summary>
    public static EventLoopOptions Default { get; } = new();

    /// <summary>How many connections one loop holds; a further one is closed as it is accepted.</summary>
    public int ConnectionsMax { get; init; } = 1_000_000;

    /// <summary>From being accepted to the last byte of the request's head.</summary>
    public int HandshakeTimeoutMs { get; init; } = 10_000;

    /// <summary>How long the peer's close frame is waited for.</summary>
    public int CloseTimeoutMs { get; init; } = 5_000;

    /// <summary>How long, after the last byte to a peer, what it still sends is read and dropped, so that no reset overtakes that byte.</summary>
    public int LingerTimeoutMs { get; init; } = 1_000;

    /// <summary>How long a peer may take nothing of what waits for it.</summary>
    public int StallTimeoutMs { get; init; } = 30_000;

    /// <summary>Replies that may wait for a peer; beyond it the connection is closed as too slow.</summary>
    public int UnsentBytesMax { get; init; } = 4 << 20;

    /// <summary>While more replies than this wait, nothing is read from that peer.</summary>
    public int UnsentBytesHigh { get; init; } = 64 << 10;

    /// <summary>Completions, messages, timers handled in one turn each before the others have theirs.</summary>
    public int TurnQuantum { get; init; } = 256;

    /// <summary>Run items served in one turn.</summary>
    public int RunQuantum { get; init; } = 16;

    /// <summary>How long accepting pauses when the operating system is short of descriptors or memory.</summary>
    public int AcceptPauseMs { get; init; } = 100;

    /// <summary>Over how long a shutdown spreads the closing of its connections.</summary>
    public int ShutdownSpreadMs { get; init; } = 500;

    /// <summary>Whether connections for a path that no endpoint has are given away (<see cref="ISystem.Release"/>) instead of refused.</summary>
    public bool ReleasesForeign { get; init; }

    /// <summary>Whether returned buffers are overwritten, to make a use after the return show.</summary>
    public bool OverwritesReturnedBuffers { get; init; }
}
