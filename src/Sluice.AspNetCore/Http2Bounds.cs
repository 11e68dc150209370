using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sluice.AspNetCore;

/// <summary>HTTP/2 as Kestrel carries it: its limits, so that they are known.</summary>
/// <remarks>Kestrel itself ends a connection that opens and resets streams faster than it can let them go (GOAWAY with
/// ENHANCE_YOUR_CALM), and answers a stream too many with REFUSED_STREAM.</remarks>
public static class Http2Bounds
{
    /// <summary>How many streams, hence guests, one connection has at once.</summary>
    public const int StreamsMax = 100;

    /// <summary>What a guest that is not read from makes its peer's stream wait with. Kestrel's default of 768 KB would let
    /// two such guests hold up all others of their connection.</summary>
    public const int StreamWindowBytes = 64 << 10;

    /// <summary>What all guests of one connection that are not read from hold together.</summary>
    public const int ConnectionWindowBytes = 1 << 20;

    /// <summary>The longest header field; the judge of upgrades has the same limit for a whole head.</summary>
    public const int HeaderFieldBytesMax = 8 << 10;

    /// <summary>Sets them.</summary>
    public static KestrelServerOptions BoundHttp2(this KestrelServerOptions options)
    {
        Http2Limits limits = options.Limits.Http2;
        limits.MaxStreamsPerConnection = StreamsMax;
        limits.InitialStreamWindowSize = StreamWindowBytes;
        limits.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.MaxRequestHeaderFieldSize = HeaderFieldBytesMax;
        return options;
    }
}
