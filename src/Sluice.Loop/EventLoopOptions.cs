using System.Net;

namespace Sluice.Loop;

/// <summary>A loop's limits and quanta, each at least 1 where nothing is said of 0. What a peer sees of each is in docs/limits.md.</summary>
/// <remarks>Immutable, so it may be shared; change it by <c>with</c>. Whoever takes one checks it, see <see cref="Validate"/>.</remarks>
public sealed record EventLoopOptions
{
    /// <summary>The defaults.</summary>
    public static EventLoopOptions Default { get; } = new();

    /// <summary>How many connections one loop holds. A further one is answered 503, or closed when <see cref="RefusalsMax"/> are being answered.</summary>
    public int ConnectionsMax { get; init; } = 1_000_000;

    /// <summary>How many connections beyond <see cref="ConnectionsMax"/>, or beyond what their address may have, are answered at a time; 0: none, they are closed.</summary>
    public int RefusalsMax { get; init; } = 256;

    /// <summary>How many connections one address has on all loops together; 0: any number. Of IPv6, 64 bits are an address.</summary>
    /// <remarks>A connection given away (<see cref="ISystem.Release"/>) no longer counts. What another server carries never does.</remarks>
    public int ConnectionsPerAddressMax { get; init; }

    /// <summary>How many connections of one address may be before the end of their handshake; 0: any number.</summary>
    public int HandshakesPerAddressMax { get; init; }

    /// <summary>How many handshakes one address may begin a second in the long run; 0: any number.</summary>
    public int HandshakesPerSecondPerAddress { get; init; }

    /// <summary>How many handshakes one address may begin at once, after a rest.</summary>
    public int HandshakesBurstPerAddress { get; init; } = 100;

    /// <summary>Addresses to which no limit per address applies, since many peers come from each.</summary>
    /// <remarks>What such a proxy says of its peers (<c>X-Forwarded-For</c>) is not read: let it limit them.</remarks>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>From being accepted to the last byte of the request's head. One deadline, however many bytes come before it.</summary>
    public int HandshakeTimeoutMs { get; init; } = 10_000;

    /// <summary>After how long without a byte a peer is sent a ping; 0: never. <see cref="Endpoint.PingAfterMs"/> may say otherwise.</summary>
    public int PingAfterMs { get; init; } = 25_000;

    /// <summary>How long after a ping a byte of the peer is waited for.</summary>
    public int PongTimeoutMs { get; init; } = 20_000;

    /// <summary>How long a peer may send no data message (pings and pongs are none); 0: for ever.</summary>
    public int IdleTimeoutMs { get; init; }

    /// <summary>In every such time a message that was begun must gain <see cref="ProgressBytesMin"/>, or end; 0: it need not.</summary>
    public int ProgressTimeoutMs { get; init; } = 30_000;

    /// <summary>What is progress, of a message that is received and of what is sent.</summary>
    public int ProgressBytesMin { get; init; } = 1024;

    /// <summary>In every such time a peer must take <see cref="ProgressBytesMin"/> of what waits for it, or all of it.</summary>
    public int StallTimeoutMs { get; init; } = 30_000;

    /// <summary>How long a closing peer may take nothing of what waits for it, and how long its close frame is waited for after that.</summary>
    public int CloseTimeoutMs { get; init; } = 5_000;

    /// <summary>How long a closing peer may take in all for what waits for it.</summary>
    public int CloseDurationMsMax { get; init; } = 60_000;

    /// <summary>How long, after the last byte to a peer, what it still sends is read and dropped, so that no reset overtakes that byte.</summary>
    public int LingerTimeoutMs { get; init; } = 1_000;

    /// <summary>How many pings and unasked pongs a peer may send a second in the long run; 0: any number.</summary>
    public int ControlFramesPerSecond { get; init; } = 20;

    /// <summary>How many of them it may send at once, after a rest.</summary>
    public int ControlFramesBurst { get; init; } = 200;

    /// <summary>Replies that may wait for a peer; beyond it the connection is closed as too slow.</summary>
    public int UnsentBytesMax { get; init; } = 4 << 20;

    /// <summary>While more replies than this wait, nothing is read from that peer.</summary>
    public int UnsentBytesHigh { get; init; } = 64 << 10;

    /// <summary>What unsent replies, unfinished messages and heads, and inflaters may take together on one loop; 0: any amount.</summary>
    /// <remarks>Beyond it peers are let go, the most expensive first: those that do not take what waits for them, then those in the
    /// middle of a message, then those in the middle of a handshake.</remarks>
    public long MemoryBytesMax { get; init; } = 1L << 30;

    /// <summary>Completions, messages, timers handled in one turn each before the others have theirs.</summary>
    public int TurnQuantum { get; init; } = 256;

    /// <summary>Frames of one peer handled before the others have their turn; a kilobyte that compressed bytes inflate to counts as
    /// one more.</summary>
    public int EventQuantum { get; init; } = 256;

    /// <summary>Run items served in one turn.</summary>
    public int RunQuantum { get; init; } = 16;

    /// <summary>How long accepting pauses when the operating system is short of descriptors or memory.</summary>
    public int AcceptPauseMs { get; init; } = 100;

    /// <summary>Over how long a shutdown spreads the closing of its connections; 0: not at all, all at once.</summary>
    public int ShutdownSpreadMs { get; init; } = 500;

    /// <summary>What a refused peer is told of when to come back, where only the server knows; 0: nothing.</summary>
    public int RetryAfterSeconds { get; init; } = 5;

    /// <summary>Whether connections for a path that no endpoint has are given away (<see cref="ISystem.Release"/>) instead of refused.</summary>
    public bool ReleasesForeign { get; init; }

    /// <summary>Whether returned buffers are overwritten, to make a use after the return show.</summary>
    public bool OverwritesReturnedBuffers { get; init; }

    /// <summary>Checks that every option is one with which a loop can run. The loop's constructor, and every other that takes options, calls it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is below its least value; the message names both.</exception>
    /// <exception cref="ArgumentNullException"><see cref="TrustedProxies"/> is null; for nobody it is empty.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(TrustedProxies);
        foreach ((long value, int least, string name) in (ReadOnlySpan<(long, int, string)>)
        [
            (ConnectionsMax, 1, nameof(ConnectionsMax)), (RefusalsMax, 0, nameof(RefusalsMax)),
            (ConnectionsPerAddressMax, 0, nameof(ConnectionsPerAddressMax)), (HandshakesPerAddressMax, 0, nameof(HandshakesPerAddressMax)),
            (HandshakesPerSecondPerAddress, 0, nameof(HandshakesPerSecondPerAddress)), (HandshakesBurstPerAddress, 1, nameof(HandshakesBurstPerAddress)),
            (HandshakeTimeoutMs, 1, nameof(HandshakeTimeoutMs)), (PingAfterMs, 0, nameof(PingAfterMs)), (PongTimeoutMs, 1, nameof(PongTimeoutMs)),
            (IdleTimeoutMs, 0, nameof(IdleTimeoutMs)), (ProgressTimeoutMs, 0, nameof(ProgressTimeoutMs)), (ProgressBytesMin, 1, nameof(ProgressBytesMin)),
            (StallTimeoutMs, 1, nameof(StallTimeoutMs)), (CloseTimeoutMs, 1, nameof(CloseTimeoutMs)), (CloseDurationMsMax, 1, nameof(CloseDurationMsMax)),
            (LingerTimeoutMs, 1, nameof(LingerTimeoutMs)), (ControlFramesPerSecond, 0, nameof(ControlFramesPerSecond)), (ControlFramesBurst, 1, nameof(ControlFramesBurst)),
            (UnsentBytesMax, 1, nameof(UnsentBytesMax)), (UnsentBytesHigh, 1, nameof(UnsentBytesHigh)), (MemoryBytesMax, 0, nameof(MemoryBytesMax)),
            (TurnQuantum, 1, nameof(TurnQuantum)), (EventQuantum, 1, nameof(EventQuantum)), (RunQuantum, 1, nameof(RunQuantum)),
            (AcceptPauseMs, 1, nameof(AcceptPauseMs)), (ShutdownSpreadMs, 0, nameof(ShutdownSpreadMs)), (RetryAfterSeconds, 0, nameof(RetryAfterSeconds)),
        ])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        }
    }

    internal Rate ControlFrames => new(ControlFramesPerSecond, ControlFramesBurst);

    internal Rate HandshakesPerAddress => new(HandshakesPerSecondPerAddress, HandshakesBurstPerAddress);
}
