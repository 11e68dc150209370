namespace Sluice.Live.Client.Peers;

/// <summary>A WebSocket server that does what the path says; see peer.mjs.</summary>
internal interface IPeer : IAsyncDisposable
{
    /// <summary>Where it does not compress.</summary>
    Uri Plain { get; }

    /// <summary>Where it compresses whatever it can.</summary>
    Uri Deflating { get; }

    /// <summary>Byte i of what /push sends.</summary>
    static byte Pattern(int i) => (byte)((i * 31) + (i >> 8));

    /// <summary>What /push sends.</summary>
    static byte[] PatternOf(int length) => [.. Enumerable.Range(0, length).Select(Pattern)];
}
