using Sluice.Protocol;

namespace Sluice.Channels.Wire;

/// <summary>How a session's messages are written; settled for each connection by its handshake.</summary>
public enum WireFormat : byte
{
    /// <summary>One JSON object a line, in text messages.</summary>
    Json,

    /// <summary>Protobuf, each message behind its length, in binary messages.</summary>
    Protobuf,
}

/// <summary>A set of formats: those that somebody reads.</summary>
[Flags]
internal enum WireFormats : byte
{
    None = 0,
    Json = 1 << WireFormat.Json,
    Protobuf = 1 << WireFormat.Protobuf,
}

/// <summary>What is settled by a format alone.</summary>
internal static class WireFormatFacts
{
    /// <summary>The subprotocol that asks for Protobuf.</summary>
    public const string ProtobufSubprotocol = "centrifuge-protobuf";

    /// <summary>The format that a handshake agreed: the subprotocol's, or, if none was agreed, the one that the query names.</summary>
    /// <param name="subprotocol">The agreed one, or null.</param>
    /// <param name="query">The request's, as sent.</param>
    public static WireFormat Agreed(string? subprotocol, ReadOnlySpan<byte> query)
    {
        if (subprotocol is not null)
        {
            return subprotocol == ProtobufSubprotocol ? WireFormat.Protobuf : WireFormat.Json;
        }
        foreach (Range range in query.Split((byte)'&'))
        {
            ReadOnlySpan<byte> pair = query[range];
            if (pair.SequenceEqual("format=protobuf"u8) || pair.SequenceEqual("cf_protocol=protobuf"u8))
            {
                return WireFormat.Protobuf;
            }
        }
        return WireFormat.Json;
    }

    extension(WireFormat format)
    {
        /// <summary>The kind of its WebSocket messages.</summary>
        public Opcode Opcode => format == WireFormat.Json ? Opcode.Text : Opcode.Binary;

        /// <summary>A message that says nothing: a ping, or its pong.</summary>
        public ReadOnlySpan<byte> Ping => format == WireFormat.Json ? "{}"u8 : "\0"u8;

        /// <summary>The set of it alone.</summary>
        public WireFormats AsSet => (WireFormats)(1 << (int)format);
    }
}
