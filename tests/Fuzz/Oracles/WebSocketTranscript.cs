using System.Globalization;

namespace Sluice.Fuzz;

/// <summary>How the reading of a stream of frames ended.</summary>
internal enum StreamEnd
{
    /// <summary>It did not: more might follow.</summary>
    Open,

    /// <summary>With the peer's close frame.</summary>
    Closed,

    /// <summary>With something that is not allowed.</summary>
    Refused,
}

/// <summary>What a WebSocket made of a stream of frames, in words that every implementation can be held against.</summary>
internal sealed class WebSocketTranscript
{
    /// <summary>Whole messages, in order.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>How it ended.</summary>
    public StreamEnd End { get; private set; }

    /// <summary>The code of the peer's close frame, or the one that the peer was sent for what is not allowed.</summary>
    public int Code { get; private set; }

    /// <summary>What is said about the end.</summary>
    public string Reason { get; private set; } = "";

    public void AddMessage(bool text, ReadOnlySpan<byte> payload) =>
        Messages.Add((text ? "text " : "binary ") + Convert.ToHexString(payload));

    public void EndWith(StreamEnd end, int code, string reason)
    {
        End = end;
        Code = code;
        Reason = reason;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"[{string.Join(", ", Messages)}] {End} {Code} {Reason}");
}
