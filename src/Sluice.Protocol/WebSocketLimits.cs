namespace Sluice.Protocol;

/// <summary>What one peer may ask of one connection. Immutable, so it may be shared; change it by <c>with</c>.</summary>
public sealed record WebSocketLimits
{
    // A fragment costs its receiver about this much, even if it carries one byte.
    private const int FragmentCostBytes = 64;

    private const int FragmentsAlwaysAllowed = 64;

    /// <summary>The defaults, those of a server.</summary>
    public static WebSocketLimits Default { get; } = new();

    /// <summary>The defaults of a client, which knows whom it asks: messages of 1 MB.</summary>
    public static WebSocketLimits ClientDefault { get; } = new() { MessageBytesMax = 1 << 20 };

    /// <summary>The longest message, all its fragments together. A longer one is answered by 1009 as soon as it is declared, or, if
    /// it is compressed, as soon as it is inflated so far. 0: only empty ones are allowed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative.</exception>
    public long MessageBytesMax
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(MessageBytesMax));
            field = value;
        }
    } = 64 * 1024;

    // What does not compress becomes a little longer; beyond this no compressed message inflates to one that is allowed, but for
    // one whose sender wastes bytes.
    internal long CompressedBytesMax => Math.Min(MessageBytesMax, long.MaxValue / 2) + (MessageBytesMax / 1024) + 64;

    /// <summary>The most frames in one message; more are answered by 1009. By default one for every 64 bytes that a
    /// message may have, but never fewer than 64, and one to end it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public int FragmentsMax
    {
        get => field > 0 ? field : (int)Math.Clamp(MessageBytesMax / FragmentCostBytes, FragmentsAlwaysAllowed, int.MaxValue - 1) + 1;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(FragmentsMax));
            field = value;
        }
    }

    /// <summary>The most frames in one message that carry nothing and do not end it; more are answered by 1008. 0: none is allowed.</summary>
    public byte EmptyFragmentsMax { get; init; } = 16;
}
