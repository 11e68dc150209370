namespace Sluice.Protocol;

/// <summary>Compresses messages for permessage-deflate (RFC 7692, 7.2.1).</summary>
/// <remarks>
/// <para><b>Owner</b>: one thread, usually a loop, for all that it compresses. Nothing of a message stays for the next one: what
/// one may look back at is handed in with it.</para>
/// <para><b>The same bytes</b> come of the same history, message and window, whatever was compressed before.</para>
/// <para><b>Memory</b>: 263 KB, all of it from the beginning; compressing allocates nothing.</para>
/// </remarks>
public sealed class Deflater
{
    /// <summary>The longest message: 1 GiB.</summary>
    public const int MessageBytesMax = 1 << 30;

    /// <summary>The longest history that any window covers.</summary>
    public const int HistoryBytesMax = DeflateFormat.WindowBytesMax;

    private readonly HashChains _chains = new();
    private readonly TokenBlock _block = new();
    private readonly BlockWriter _blocks = new();

    /// <summary>How large a destination suffices for any message of this length.</summary>
    /// <param name="messageBytes">At most <see cref="MessageBytesMax"/>.</param>
    public static int BytesMax(int messageBytes)
    {
        Invariant.Check(messageBytes is >= 0 and <= MessageBytesMax, "A message has at most 1 GiB.");
        // A full block stands for at least as many bytes as it has tokens, and costs at most 6 more than these, stored.
        return messageBytes + (8 * ((messageBytes / TokenBlock.TokensMax) + 2)) + BitWriter.SlackBytes;
    }

    /// <summary>Compresses a message.</summary>
    /// <param name="history">What the message may look back at: plain bytes that the peer's window is known to end with, at most
    /// <see cref="HistoryBytesMax"/>. Bytes beyond the window are not used.</param>
    /// <param name="message">The message.</param>
    /// <param name="windowBits">How far back it may look at most: 2 to this power bytes (8 to 15).</param>
    /// <param name="destination">At least <see cref="BytesMax"/>; beyond what is returned it is overwritten too.</param>
    /// <param name="reach">How far back it does look: the window that a receiver needs, in bytes.</param>
    /// <returns>How many bytes were written. They may be more than the message has.</returns>
    public int Compress(ReadOnlySpan<byte> history, ReadOnlySpan<byte> message, int windowBits, Span<byte> destination, out int reach)
    {
        Invariant.Check(DeflateAgreement.IsWindow(windowBits), "A window is of 8 to 15 bits.");
        Invariant.Check(history.Length <= HistoryBytesMax, "History beyond any window is not looked at.");
        Invariant.Check(destination.Length >= BytesMax(message.Length), "The destination suffices for any message of this length.");
        int window = 1 << windowBits;
        MatchFinder finder = new(_chains, history[^Math.Min(history.Length, window)..], message, window);
        LazyParse parse = new(finder, message);
        BitWriter writer = new(destination);
        reach = 0;
        int written = 0; // bytes of the message
        while (parse.Fill(_block))
        {
            reach = Math.Max(reach, _blocks.Write(ref writer, _block, message.Slice(written, _block.Bytes)));
            written += _block.Bytes;
        }
        BlockWriter.WriteEnd(ref writer);
        return writer.Bytes;
    }
}
