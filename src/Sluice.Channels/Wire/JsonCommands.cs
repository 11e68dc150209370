using System.Text.Json;

namespace Sluice.Channels.Wire;

/// <summary>Reads commands in the JSON form of the Centrifugal client protocol v2: one a line. Unknown keys are ignored.</summary>
internal sealed class JsonCommands : ICommandReader
{
    private byte[] _unescaped = [];
    private int _unescapedLength;

    /// <inheritdoc/>
    /// <remarks>One newline at the end is tolerated.</remarks>
    public ReadOnlySpan<byte> CommandsOf(ReadOnlySpan<byte> message) => message[^1] == (byte)'\n' ? message[..^1] : message;

    /// <inheritdoc/>
    public bool TryTake(ref ReadOnlySpan<byte> commands, out ReadOnlySpan<byte> command, out bool isLast)
    {
        int end = commands.IndexOf((byte)'\n');
        isLast = end < 0;
        command = isLast ? commands : commands[..end];
        commands = isLast ? default : commands[(end + 1)..];
        return true; // an empty line is not a command, as reading it finds
    }

    /// <inheritdoc/>
    public ClientCommand Read(ReadOnlySpan<byte> line)
    {
        ClientCommand command = default;
        _unescapedLength = 0;
        if (_unescaped.Length < line.Length)
        {
            _unescaped = new byte[line.Length]; // unescaping never lengthens; a line is bounded by the message limit
        }
        try
        {
            Utf8JsonReader reader = new(line);
            command.IsWellFormed = reader.Read() && ReadCommand(ref reader, line, ref command) && !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            command.IsWellFormed = false; // the library's way to say "malformed"; the connection ends with it, so it is met once
        }
        return command;
    }

    private bool ReadCommand(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> line, scoped ref ClientCommand command)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetUInt32(out command.Id))
                {
                    return false;
                }
                continue;
            }
            CommandMethod method = MethodOf(reader);
            reader.Read();
            if (method == CommandMethod.None)
            {
                reader.Skip();
            }
            else if (command.Method != CommandMethod.None || !ReadRequest(ref reader, line, ref command))
            {
                return false;
            }
            else
            {
                command.Method = method;
            }
        }
        return true;
    }

    private static CommandMethod MethodOf(in Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> name = reader.ValueSpan;
        return name switch
        {
            _ when name.SequenceEqual("connect"u8) => CommandMethod.Connect,
            _ when name.SequenceEqual("subscribe"u8) => CommandMethod.Subscribe,
            _ when name.SequenceEqual("unsubscribe"u8) => CommandMethod.Unsubscribe,
            _ when name.SequenceEqual("publish"u8) => CommandMethod.Publish,
            _ when name.SequenceEqual("presence"u8) => CommandMethod.Presence,
            _ when name.SequenceEqual("presence_stats"u8) => CommandMethod.PresenceStats,
            _ when name.SequenceEqual("history"u8) => CommandMethod.History,
            _ when name.SequenceEqual("ping"u8) => CommandMethod.Ping,
            _ when name.SequenceEqual("send"u8) => CommandMethod.Send,
            _ when name.SequenceEqual("rpc"u8) => CommandMethod.Rpc,
            _ when name.SequenceEqual("refresh"u8) => CommandMethod.Refresh,
            _ when name.SequenceEqual("sub_refresh"u8) => CommandMethod.SubRefresh,
            _ => CommandMethod.None,
        };
    }

    // The fields of all requests in one table: a name means the same wherever it stands.
    private bool ReadRequest(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> line, scoped ref ClientCommand command)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = reader.ValueSpan;
            reader.Read();
            if (!ReadField(name, ref reader, line, ref command))
            {
                return false;
            }
        }
        return true;
    }

    private bool ReadField(ReadOnlySpan<byte> name, scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> line, scoped ref ClientCommand command)
    {
        switch (name)
        {
            case var _ when name.SequenceEqual("channel"u8):
                return TryReadText(ref reader, out command.Channel);
            case var _ when name.SequenceEqual("token"u8):
                return TryReadText(ref reader, out command.Token);
            case var _ when name.SequenceEqual("delta"u8):
                return TryReadText(ref reader, out command.Delta);
            case var _ when name.SequenceEqual("epoch"u8):
                return TryReadText(ref reader, out command.Epoch);
            case var _ when name.SequenceEqual("offset"u8):
                return reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out command.Offset);
            case var _ when name.SequenceEqual("flag"u8):
                return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out command.Flag);
            case var _ when name.SequenceEqual("limit"u8):
                return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out command.Limit);
            case var _ when name.SequenceEqual("type"u8):
                return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out command.Type);
            case var _ when name.SequenceEqual("recover"u8):
                return TryReadBoolean(reader, out command.Recover);
            case var _ when name.SequenceEqual("reverse"u8):
                return TryReadBoolean(reader, out command.Reverse);
            case var _ when name.SequenceEqual("data"u8):
                command.Data = ReadRaw(ref reader, line);
                return true;
            case var _ when name.SequenceEqual("since"u8):
                command.HasSince = reader.TokenType != JsonTokenType.Null;
                return ReadRequest(ref reader, line, ref command); // {offset, epoch}
            case var _ when name.SequenceEqual("tf"u8):
                command.HasFilter = reader.TokenType != JsonTokenType.Null;
                reader.Skip();
                return true;
            default:
                reader.Skip();
                return true;
        }
    }

    private static bool TryReadBoolean(in Utf8JsonReader reader, out bool value)
    {
        value = reader.TokenType == JsonTokenType.True;
        return reader.TokenType is JsonTokenType.True or JsonTokenType.False;
    }

    private bool TryReadText(scoped ref Utf8JsonReader reader, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (reader.TokenType != JsonTokenType.String)
        {
            return reader.TokenType == JsonTokenType.Null;
        }
        if (!reader.ValueIsEscaped)
        {
            text = reader.ValueSpan;
            return true;
        }
        int length = reader.CopyString(_unescaped.AsSpan(_unescapedLength));
        text = _unescaped.AsSpan(_unescapedLength, length);
        _unescapedLength += length;
        return true;
    }

    private static ReadOnlySpan<byte> ReadRaw(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return line[start..(int)reader.BytesConsumed];
    }
}
