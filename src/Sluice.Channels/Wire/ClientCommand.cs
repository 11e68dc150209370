namespace Sluice.Channels.Wire;

/// <summary>What a command asks for.</summary>
internal enum CommandMethod : byte
{
    None,
    Connect,
    Subscribe,
    Unsubscribe,
    Publish,
    Presence,
    PresenceStats,
    History,
    Ping,
    Send,
    Rpc,
    Refresh,
    SubRefresh,
}

/// <summary>One command of a client, in whichever format it came. Its bytes lie in the message, or unescaped in the reader's
/// scratch space, until the next one is read.</summary>
internal ref struct ClientCommand
{
    public bool IsWellFormed;
    public uint Id;
    public CommandMethod Method;
    public ReadOnlySpan<byte> Channel;
    public ReadOnlySpan<byte> Token;
    public ReadOnlySpan<byte> Data; // raw JSON; in Protobuf any bytes
    public ReadOnlySpan<byte> Delta;
    public ReadOnlySpan<byte> Epoch;
    public ulong Offset;
    public bool Recover;
    public bool HasSince;
    public bool HasFilter;
    public bool Reverse;
    public long Flag;
    public int Limit;
    public int Type;
}

/// <summary>Takes messages of a client apart into commands.</summary>
internal interface ICommandReader
{
    /// <summary>The commands of a message, as <see cref="TryTake"/> takes them.</summary>
    ReadOnlySpan<byte> CommandsOf(ReadOnlySpan<byte> message);

    /// <summary>Takes the first of these commands; there is one at least.</summary>
    /// <param name="commands">What is left of them afterwards.</param>
    /// <param name="command">Its bytes alone.</param>
    /// <param name="isLast">Whether nothing is left.</param>
    /// <returns>False when they cannot be told apart: all of it is malformed.</returns>
    bool TryTake(ref ReadOnlySpan<byte> commands, out ReadOnlySpan<byte> command, out bool isLast);

    /// <summary>Reads one command.</summary>
    /// <returns>Malformed when its bytes are, when a field has a wrong type, or when it asks two things at once.</returns>
    ClientCommand Read(ReadOnlySpan<byte> command);
}
