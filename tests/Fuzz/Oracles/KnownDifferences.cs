namespace Sluice.Fuzz;

/// <summary>Where we and the runtime's WebSocket differ, and why that is right. Everything else is a finding.</summary>
internal static class KnownDifferences
{
    private static readonly (string Why, Func<WebSocketTranscript, WebSocketTranscript, bool> Is)[] s_known =
    [
        ("RFC 6455, 5.2: the minimal number of bytes MUST be used for a length; the runtime takes others too.",
            static (ours, theirs) => ours.Reason == "invalid length" && BeginsAs(ours, theirs)),
        ("The registry of close codes has grown by 1012 to 1014; the runtime's list ends at 1011.",
            static (ours, theirs) => ours is { End: StreamEnd.Closed, Code: >= 1012 and <= 1014 } && theirs.End == StreamEnd.Refused && BeginsAs(ours, theirs)),
        ("RFC 6455, 7.1.5: a close frame without a code is 1005 to the application; the runtime says 1000.",
            static (ours, theirs) => ours is { End: StreamEnd.Closed, Code: 1005 } && theirs is { End: StreamEnd.Closed, Code: 1000 } && ours.Messages.SequenceEqual(theirs.Messages)),
        ("A text fails at the first byte that no text could have there; the runtime looks when the frame or its buffer is full.",
            static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1007 } && theirs.End == StreamEnd.Open && ours.Messages.SequenceEqual(theirs.Messages)),
        ("RFC 6455, 8.1: a reason that is not UTF-8 fails the connection, and 1007 is the code for that; the runtime sends 1002.",
            static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1007, Reason: "invalid UTF-8 in the close reason" } && theirs is { End: StreamEnd.Refused, Code: 1002 } && ours.Messages.SequenceEqual(theirs.Messages)),
        ("The runtime sends no close frame after compressed data that is broken.",
            static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1007 } && theirs is { End: StreamEnd.Refused, Code: 0 } && ours.Messages.SequenceEqual(theirs.Messages)),
        ("Limits on messages and fragments are ours alone.",
            static (ours, theirs) => ours is { End: StreamEnd.Refused, Code: 1008 or 1009 } && BeginsAs(ours, theirs)),
    ];

    /// <summary>Whether both find the same, or differ as they may.</summary>
    public static bool Explain(WebSocketTranscript ours, WebSocketTranscript theirs) =>
        (ours.Messages.SequenceEqual(theirs.Messages) && ours.End == theirs.End && ours.Code == theirs.Code)
        || Array.Exists(s_known, known => known.Is(ours, theirs));

    private static bool BeginsAs(WebSocketTranscript ours, WebSocketTranscript theirs) =>
        ours.Messages.SequenceEqual(theirs.Messages.Take(ours.Messages.Count));
}
