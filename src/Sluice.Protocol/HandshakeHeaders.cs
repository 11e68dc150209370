namespace Sluice.Protocol;

/// <summary>The headers that decide a handshake, request's and response's, found in one walk over the lines.</summary>
internal ref struct HandshakeHeaders
{
    internal Once Host;
    internal Once Key;
    internal Once Accept;
    internal Once Version;
    internal Once Origin;
    internal bool HasBody;
    internal bool UpgradesToWebSocket;
    internal bool ConnectionUpgrade;
    internal bool ExtensionsMalformed;
    internal ListElements Protocols;
    internal ListElements Extensions;

    internal static HandshakeHeaders Collect(HeaderLines lines)
    {
        HandshakeHeaders headers = new()
        {
            Protocols = new(lines, Handshake.ProtocolName),
            Extensions = new(lines, Handshake.ExtensionsName),
        };
        foreach (HeaderLine line in lines)
        {
            headers.Add(line);
        }
        return headers;
    }

    private void Add(HeaderLine line)
    {
        if (line.Is("Host"u8))
        {
            Host.Add(line.Value);
        }
        else if (line.Is("Upgrade"u8))
        {
            UpgradesToWebSocket |= Grammar.ListHas(line.Value, "websocket"u8);
        }
        else if (line.Is("Connection"u8))
        {
            ConnectionUpgrade |= Grammar.ListHas(line.Value, "upgrade"u8);
        }
        else if (line.Is("Origin"u8))
        {
            Origin.Add(line.Value);
        }
        else if (line.Is(Handshake.KeyName))
        {
            Key.Add(line.Value);
        }
        else if (line.Is(Handshake.VersionName))
        {
            Version.Add(line.Value);
        }
        else if (line.Is(Handshake.AcceptName))
        {
            Accept.Add(line.Value);
        }
        else if (line.Is(Handshake.ExtensionsName))
        {
            ExtensionsMalformed |= !Grammar.IsExtensionList(line.Value);
        }
        else if (line.Is("Content-Length"u8))
        {
            HasBody |= !line.Value.SequenceEqual("0"u8);
        }
        else if (line.Is("Transfer-Encoding"u8))
        {
            HasBody = true;
        }
    }

    /// <summary>A header that must not be repeated.</summary>
    internal ref struct Once
    {
        internal ReadOnlySpan<byte> Value;
        internal int Count;

        internal void Add(ReadOnlySpan<byte> value)
        {
            Value = value;
            Count++;
        }
    }
}
