namespace Sluice.Protocol;

/// <summary>What a server agrees to in a handshake. The default: pages of its own origin, no subprotocol, no compression.</summary>
public readonly ref struct HandshakeTerms
{
    /// <summary>From where browsers may come.</summary>
    public HandshakePolicy Policy
    {
        get => field ?? HandshakePolicy.SameOrigin;
        init;
    }

    /// <summary>The subprotocols that it speaks, best first. If there are any, a client that offers some must offer one of them.</summary>
    public ReadOnlySpan<string> Subprotocols { get; init; }

    /// <summary>How it compresses; null: not at all.</summary>
    public DeflateOptions? Deflate { get; init; }
}

/// <summary>What a client offers in a handshake. The default: nothing.</summary>
public readonly ref struct HandshakeOffer
{
    /// <summary>The subprotocols that it speaks, best first; tokens.</summary>
    public ReadOnlySpan<string> Subprotocols { get; init; }

    /// <summary>Compression; null: none.</summary>
    public DeflateOffer? Deflate { get; init; }

    /// <summary>For a client that acts for a page: where that came from.</summary>
    public string? Origin { get; init; }

    /// <summary>Further header lines, such as <c>Authorization</c> or <c>Cookie</c>; none that a handshake has by itself.</summary>
    public ReadOnlySpan<KeyValuePair<string, string>> Headers { get; init; }
}

/// <summary>What both ends agreed on, beyond speaking WebSocket.</summary>
public readonly record struct HandshakeAgreement
{
    /// <summary>The subprotocol, as this end spells it, or null.</summary>
    public string? Subprotocol { get; internal init; }

    /// <summary>Compression, seen from this end.</summary>
    public DeflateAgreement Deflate { get; internal init; }

    /// <summary>How the server says <see cref="Deflate"/>.</summary>
    internal PermessageDeflate DeflateAnswer { get; init; }
}
