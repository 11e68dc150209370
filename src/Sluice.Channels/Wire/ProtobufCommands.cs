using System.Text.Unicode;

namespace Sluice.Channels.Wire;

/// <summary>Reads commands in the Protobuf form of the Centrifugal client protocol v2: each behind its length. Unknown fields are
/// passed over; of a field that comes twice the last one counts; a number too large for its field loses its upper bits.</summary>
internal sealed class ProtobufCommands : ICommandReader
{
    private const int IdNumber = 1;

    // What a number means depends on the message that it stands in.
    private enum Field : byte
    {
        Unknown,
        Channel,
        Token,
        Data,
        Delta,
        Epoch,
        Offset,
        Recover,
        Since,
        Filter,
        Reverse,
        Flag,
        Limit,
        Type,
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> CommandsOf(ReadOnlySpan<byte> message) => message;

    /// <inheritdoc/>
    public bool TryTake(ref ReadOnlySpan<byte> commands, out ReadOnlySpan<byte> command, out bool isLast)
    {
        ProtobufReader reader = new(commands);
        bool taken = reader.TryReadBytes(out command);
        isLast = reader.IsAtEnd;
        commands = reader.Rest;
        return taken;
    }

    /// <inheritdoc/>
    public ClientCommand Read(ReadOnlySpan<byte> command)
    {
        ClientCommand read = default;
        read.IsWellFormed = TryReadCommand(command, ref read);
        return read;
    }

    private static bool TryReadCommand(ReadOnlySpan<byte> bytes, ref ClientCommand command)
    {
        ProtobufReader reader = new(bytes);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int number, out ProtobufType type))
            {
                return false;
            }
            CommandMethod method = MethodOf(number);
            bool isRead = number == IdNumber ? TryReadId(ref reader, type, ref command)
                : method == CommandMethod.None ? reader.TrySkip(type)
                : TryReadRequest(ref reader, type, method, ref command);
            if (!isRead)
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryReadId(ref ProtobufReader reader, ProtobufType type, ref ClientCommand command)
    {
        bool read = reader.TryReadVarint(out ulong id);
        command.Id = (uint)id;
        return read && type == ProtobufType.Varint;
    }

    private static bool TryReadRequest(ref ProtobufReader reader, ProtobufType type, CommandMethod method, ref ClientCommand command)
    {
        if (command.Method != CommandMethod.None || type != ProtobufType.Bytes || !reader.TryReadBytes(out ReadOnlySpan<byte> request))
        {
            return false;
        }
        command.Method = method;
        ProtobufReader fields = new(request);
        while (!fields.IsAtEnd)
        {
            if (!fields.TryReadTag(out int number, out ProtobufType fieldType) || !TryReadField(ref fields, FieldOf(method, number), fieldType, ref command))
            {
                return false;
            }
        }
        return true;
    }

    private static CommandMethod MethodOf(int number) => number switch
    {
        4 => CommandMethod.Connect,
        5 => CommandMethod.Subscribe,
        6 => CommandMethod.Unsubscribe,
        7 => CommandMethod.Publish,
        8 => CommandMethod.Presence,
        9 => CommandMethod.PresenceStats,
        10 => CommandMethod.History,
        11 => CommandMethod.Ping,
        12 => CommandMethod.Send,
        13 => CommandMethod.Rpc,
        14 => CommandMethod.Refresh,
        15 => CommandMethod.SubRefresh,
        _ => CommandMethod.None,
    };

    private static Field FieldOf(CommandMethod method, int number) => (method, number) switch
    {
        (CommandMethod.Connect or CommandMethod.Refresh, 1) => Field.Token,
        (CommandMethod.Send or CommandMethod.Rpc, 1) => Field.Data,
        (CommandMethod.Ping, _) => Field.Unknown,
        (CommandMethod.Connect or CommandMethod.Publish, 2) => Field.Data,
        (CommandMethod.Connect, 7) => Field.Flag,
        (CommandMethod.Connect or CommandMethod.Refresh or CommandMethod.Send or CommandMethod.Rpc, _) => Field.Unknown,
        (_, 1) => Field.Channel, // of all the others
        (CommandMethod.Subscribe or CommandMethod.SubRefresh, 2) => Field.Token,
        (CommandMethod.Publish or CommandMethod.SubRefresh, 3) => Field.Type,
        (CommandMethod.Subscribe, 3) => Field.Recover,
        (CommandMethod.Subscribe, 6) => Field.Epoch,
        (CommandMethod.Subscribe, 7) => Field.Offset,
        (CommandMethod.Subscribe, 8) => Field.Data,
        (CommandMethod.Subscribe, 12) => Field.Delta,
        (CommandMethod.Subscribe, 13) => Field.Filter,
        (CommandMethod.Subscribe, 14) => Field.Flag,
        (CommandMethod.Subscribe, 15) => Field.Type,
        (CommandMethod.Subscribe, 18) => Field.Limit,
        (CommandMethod.History, 7) => Field.Limit,
        (CommandMethod.History, 8) => Field.Since,
        (CommandMethod.History, 9) => Field.Reverse,
        _ => Field.Unknown,
    };

    private static bool TryReadField(ref ProtobufReader reader, Field field, ProtobufType type, ref ClientCommand command) => field switch
    {
        Field.Unknown => reader.TrySkip(type),
        Field.Offset or Field.Recover or Field.Reverse or Field.Flag or Field.Limit or Field.Type =>
            type == ProtobufType.Varint && TryReadNumber(ref reader, field, ref command),
        _ => type == ProtobufType.Bytes && TryReadBytes(ref reader, field, ref command),
    };

    private static bool TryReadNumber(ref ProtobufReader reader, Field field, ref ClientCommand command)
    {
        if (!reader.TryReadVarint(out ulong value))
        {
            return false;
        }
        switch (field)
        {
            case Field.Offset:
                command.Offset = value;
                break;
            case Field.Recover:
                command.Recover = value != 0;
                break;
            case Field.Reverse:
                command.Reverse = value != 0;
                break;
            case Field.Flag:
                command.Flag = (long)value;
                break;
            case Field.Limit:
                command.Limit = (int)value;
                break;
            default:
                command.Type = (int)value;
                break;
        }
        return true;
    }

    private static bool TryReadBytes(ref ProtobufReader reader, Field field, ref ClientCommand command)
    {
        if (!reader.TryReadBytes(out ReadOnlySpan<byte> bytes))
        {
            return false;
        }
        switch (field)
        {
            case Field.Data:
                command.Data = bytes;
                return true;
            case Field.Filter:
                command.HasFilter = true;
                return true;
            case Field.Since:
                command.HasSince = true;
                return TryReadSince(bytes, ref command);
            case Field.Channel:
                command.Channel = bytes;
                break;
            case Field.Token:
                command.Token = bytes;
                break;
            case Field.Delta:
                command.Delta = bytes;
                break;
            default:
                command.Epoch = bytes;
                break;
        }
        return Utf8.IsValid(bytes);
    }

    private static bool TryReadSince(ReadOnlySpan<byte> position, ref ClientCommand command)
    {
        ProtobufReader reader = new(position);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int number, out ProtobufType type)
                || !TryReadField(ref reader, number switch { 1 => Field.Offset, 2 => Field.Epoch, _ => Field.Unknown }, type, ref command))
            {
                return false;
            }
        }
        return true;
    }
}
