namespace Sluice.Protocol;

/// <summary>What a frame carries (RFC 6455, 5.2).</summary>
public enum Opcode : byte
{
    /// <summary>More of the message that is open.</summary>
    Continuation = 0,

    /// <summary>A message of UTF-8, or its first fragment.</summary>
    Text = 1,

    /// <summary>A message of bytes, or its first fragment.</summary>
    Binary = 2,

    /// <summary>The sender will send nothing more.</summary>
    Close = 8,

    /// <summary>Asks for a <see cref="Pong"/> with the same payload.</summary>
    Ping = 9,

    /// <summary>Answers a <see cref="Ping"/>, or is a sign of life.</summary>
    Pong = 10,
}
