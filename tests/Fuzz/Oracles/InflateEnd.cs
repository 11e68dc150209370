namespace Sluice.Fuzz;

/// <summary>How a compressed message ends.</summary>
internal enum InflateEnd
{
    /// <summary>Where a block ends, as RFC 7692, 7.2.2 wants it.</summary>
    Complete,

    /// <summary>Within a block.</summary>
    Truncated,

    /// <summary>With something that RFC 1951 does not know, or a distance beyond the window.</summary>
    Invalid,

    /// <summary>It is not known: there was more output than anybody wants to look at.</summary>
    TooLong,
}
