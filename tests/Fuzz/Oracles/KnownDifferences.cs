using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>Where we and the runtime's WebSocket differ, and why that is right. Everything else is a finding.</summary>
internal static class KnownDifferences
{
    private static readonly Func<WebSocketTranscript, WebSocketTranscript, bool>[] s_known =
    [
        // RFC 6455, 5.2: the minimal number of bytes MUST be used for a length; the runtime takes others too.
        static (ours, theirs) => ours.Reason == "invalid length" && BeginsAs(ours, theirs),

        // The registry of close codes has grown by 1012 to 1014; the runtime's list ends at 1011.
        static (ours, theirs) => ours is { End: StreamEnd.Closed, Code: >= 1012 and <= 1014 } && theirs.End == StreamEnd.Refused
            && BeginsAs(ours, theirs),

        // RFC 6455, 7.1.5: a close frame without a code is 1005 to the application; the runtime says 1000.
        static (ours, theirs) => ours is { End: StreamEnd.Closed, Code: 1005 } && theirs is { End: StreamEnd.Closed, Code: 1000 }
            && ours.Messages.SequenceEqual(theirs.Messages),

        // A text fails at the first byte that no text could have there, or at its end; the runtime looks when the frame or its
        // buffer is full, takes F5 to F7 for the beginning of something, and does not look at an empty last frame.
        static (ours, theirs) => ours is { End: StreamEnd.Refused, Reason: "invalid UTF-8" } && BeginsAs(ours, theirs),

        // RFC 7692, 6: a control frame is never compressed; the runtime does not look at its bit once compression is agreed.
        static (ours, theirs) => ours.Reason == "reserved bit set" && BeginsAs(ours, theirs),

        // RFC 6455, 8.1: a reason that is not UTF-8 fails the connection, and 1007 is the code for that; the runtime sends 1002.
        static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1007, Reason: "invalid UTF-8 in the close reason" }
            && theirs is { End: StreamEnd.Refused, Code: 1002 } && ours.Messages.SequenceEqual(theirs.Messages),

        // The runtime sends no close frame after compressed data that is broken.
        static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1007 } && theirs is { End: StreamEnd.Refused, Code: 0 }
            && ours.Messages.SequenceEqual(theirs.Messages),

        // A compressed message that ends within a block, or looks back further than was agreed, is broken; the runtime takes
        // what there is, and has the largest window.
        static (ours, theirs) => ours is { End: StreamEnd.Refused, Reason: "invalid compressed data" } && BeginsAs(ours, theirs),

        // RFC 7692, 7.2.3.4: a block may call itself the last and not be it; the runtime refuses what follows it.
        static (ours, theirs) => theirs.Reason.Contains("BFINAL", StringComparison.Ordinal) && BeginsAs(theirs, ours),

        // Limits on messages and fragments are ours alone.
        static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1008 or 1009 } && BeginsAs(ours, theirs),
    ];

    /// <summary>Whether both find the same, or differ as they may.</summary>
    public static bool Explain(WebSocketTranscript ours, WebSocketTranscript theirs) =>
        (ours.Messages.SequenceEqual(theirs.Messages) && ours.End == theirs.End && ours.Code == theirs.Code)
        || Array.Exists(s_known, known => known(ours, theirs));

    /// <summary>Whether a stream has a compressed frame of no bytes. A message of no bytes is empty to us, though its sender should have
    /// written one; the runtime takes the four bytes that belong behind it for the beginning of a block, and what follows for the rest.</summary>
    public static bool ConfusesTheRuntime(ReadOnlySpan<byte> stream)
    {
        while (FrameHeader.TryRead(stream, out FrameHeader header) && header.PayloadLength <= (ulong)(stream.Length - header.Size))
        {
            if (header.ReservedBits != 0 && header.PayloadLength == 0)
            {
                return true;
            }
            stream = stream[(header.Size + (int)header.PayloadLength)..];
        }
        return false;
    }

    private static bool BeginsAs(WebSocketTranscript shorter, WebSocketTranscript longer) =>
        shorter.Messages.SequenceEqual(longer.Messages.Take(shorter.Messages.Count));
}
