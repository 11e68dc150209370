namespace Sluice.Loop;

/// <summary>What is noted of a connection for as long as it is in the middle of something, or has sent control frames lately.</summary>
/// <remarks>A quiet connection has none.</remarks>
internal struct Watch
{
    public Handle Connection;

    /// <summary>Bytes wait for the peer, and it has not taken all of them.</summary>
    public bool IsBehind;

    /// <summary>The peer has begun a message or a frame and not ended it.</summary>
    public bool IsUnfinished;

    /// <summary>How much it has taken since <see cref="TakenAtMs"/>.</summary>
    public int Taken;

    /// <summary>When a peer that is behind had last taken enough.</summary>
    public long TakenAtMs;

    /// <summary>When a peer that is behind and closing must have taken everything.</summary>
    public long CloseByMs;

    /// <summary>When an unfinished message had last gained enough.</summary>
    public long GainedAtMs;

    /// <summary>How much of it was there at that time.</summary>
    public long ReceivedBefore;

    /// <summary>What is left of its control frames.</summary>
    public TokenBucket Control;

    public void BeginWindow(long nowMs, long received)
    {
        IsUnfinished = true;
        GainedAtMs = nowMs;
        ReceivedBefore = received;
    }
}
