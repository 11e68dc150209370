using System.Diagnostics.CodeAnalysis;
using System.Text;
using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

// From a message to executed commands.
public sealed partial class Hub
{
    private enum Outcome
    {
        /// <summary>Executed, or under way: the next command may be.</summary>
        Next,

        /// <summary>It must wait for an answer.</summary>
        Wait,

        /// <summary>The session is over.</summary>
        Over,
    }

    private void ExecuteAll(int session, ReadOnlySpan<byte> message)
    {
        Dialect dialect = DialectOf(session);
        _replies = dialect.Replies;
        _replies.Clear();
        ReadOnlySpan<byte> rest = dialect.Commands.CommandsOf(message);
        bool isLast = false;
        while (!isLast)
        {
            ReadOnlySpan<byte> from = rest;
            Outcome outcome = dialect.Commands.TryTake(ref rest, out ReadOnlySpan<byte> command, out isLast)
                ? Execute(session, dialect.Commands.Read(command))
                : Over(session, DisconnectCode.BadRequest);
            if (outcome == Outcome.Over)
            {
                return;
            }
            if (outcome == Outcome.Wait)
            {
                HoldFrom(session, from);
                break;
            }
        }
        SendReplies(session);
    }

    private Outcome Execute(int session, in ClientCommand command)
    {
        if (!command.IsWellFormed)
        {
            return Over(session, DisconnectCode.BadRequest);
        }
        SessionFlags flags = _sessions[session].Flags;
        if ((flags & SessionFlags.Connected) == 0)
        {
            bool connects = command.Method == CommandMethod.Connect && command.Id != 0;
            return connects ? Connect(session, command) : Over(session, DisconnectCode.BadRequest);
        }
        if (command.Method == CommandMethod.Send)
        {
            return Over(session, DisconnectCode.NotAvailable);
        }
        return command.Id == 0 ? Pong(session, command) : ExecuteRequest(session, command);
    }

    private Outcome ExecuteRequest(int session, in ClientCommand command)
    {
        switch (command.Method)
        {
            case CommandMethod.Subscribe or CommandMethod.Unsubscribe or CommandMethod.Publish
                or CommandMethod.History or CommandMethod.Presence or CommandMethod.PresenceStats:
                return ExecuteForChannel(session, command);
            case CommandMethod.Rpc:
                _replies.Error(command.Id, CommandError.NotAvailable);
                return Outcome.Next;
            case CommandMethod.SubRefresh when !command.Channel.IsEmpty:
                _replies.Error(command.Id, command.Token.IsEmpty ? CommandError.BadRequest : CommandError.PermissionDenied);
                return Outcome.Next;
            case CommandMethod.Refresh when !command.Token.IsEmpty:
                return Over(session, DisconnectCode.InvalidToken); // no key is configured that it could be valid for
            default:
                return Over(session, DisconnectCode.BadRequest); // connect again, ping, an unknown method, no method
        }
    }

    private Outcome ExecuteForChannel(int session, in ClientCommand command)
    {
        if (command.Channel.IsEmpty)
        {
            return Over(session, DisconnectCode.BadRequest);
        }
        if (command.Channel.Length > _options.Namespaces.NameLengthMax)
        {
            return Refuse(command, CommandError.BadRequest);
        }
        string channel = NameOf(command.Channel);
        CommandError error = _options.Namespaces.Find(channel, out ChannelOptions options);
        if (command.Method == CommandMethod.Unsubscribe && error.IsError)
        {
            _replies.Empty(command.Id, Fields.Reply.Unsubscribe);
            return Outcome.Next;
        }
        if (error.IsError)
        {
            return Refuse(command, error);
        }
        int subscription = FindSubscription(session, channel);
        bool pending = subscription >= 0 && (_subscriptions[subscription].Flags & SubscriptionFlags.Pending) != 0;
        if ((pending && command.Method != CommandMethod.Subscribe) || _sessions[session].PendingAnswers >= _options.PendingAnswersMax)
        {
            return Outcome.Wait;
        }
        return command.Method switch
        {
            CommandMethod.Subscribe => Subscribe(session, command, channel, options, subscription),
            CommandMethod.Unsubscribe => Unsubscribe(command, subscription),
            CommandMethod.Publish => Publish(session, command, channel, options, subscription >= 0),
            CommandMethod.History => ReadHistory(session, command, channel, options, subscription >= 0),
            _ => ReadPresence(session, command, channel, options, subscription >= 0),
        };
    }

    private Outcome Connect(int session, in ClientCommand command)
    {
        if (!command.Token.IsEmpty)
        {
            return Over(session, DisconnectCode.InvalidToken); // no key is configured that it could be valid for
        }
        if (!_options.AllowAnonymous)
        {
            return Over(session, DisconnectCode.PermissionDenied);
        }
        byte[]? info = null;
        if (_options.AnonymousInfoFromData && command.Data.Length <= _options.AnonymousInfoBytesMax)
        {
            TryTakeJson(session, command.Data, out info);
        }
        _identities[session] = info is null ? Identity.Anonymous : new Identity(string.Empty, info);
        ref Session row = ref _sessions[session];
        row.Client = NewClientId();
        row.Flags |= SessionFlags.Connected;
        SetFirstPing(row);
        _replies.Connect(command.Id, row.Client, _options.Version, (_options.PingIntervalMs + 999) / 1000);
        return Outcome.Next;
    }

    // An empty command. It must answer a ping.
    private Outcome Pong(int session, in ClientCommand command)
    {
        ref Session row = ref _sessions[session];
        if (command.Method != CommandMethod.None || (row.Flags & SessionFlags.AwaitsPong) == 0)
        {
            return Over(session, DisconnectCode.BadRequest);
        }
        row.Flags &= ~SessionFlags.AwaitsPong;
        _loop.SetTimer(row.Connection, Math.Max(_loop.Now, row.PingSentMs + _options.PingIntervalMs));
        return Outcome.Next;
    }

    private Outcome Publish(int session, in ClientCommand command, string channel, ChannelOptions options, bool subscribed)
    {
        if (!IsAllowed(options.Publish, subscribed))
        {
            return Refuse(command, CommandError.PermissionDenied);
        }
        if (command.Type != 0 || !TryTakeJson(session, command.Data, out byte[]? data))
        {
            return Refuse(command, CommandError.BadRequest);
        }
        _broker.Publish(new PublishRequest
        {
            Channel = channel,
            Options = options,
            Data = data,
            Publisher = InfoOf(session),
            Asker = this,
            Session = Ask(session),
            CommandId = command.Id,
        });
        return Outcome.Next;
    }

    private Outcome ReadHistory(int session, in ClientCommand command, string channel, ChannelOptions options, bool subscribed)
    {
        if (!options.HasHistory)
        {
            return Refuse(command, CommandError.NotAvailable);
        }
        if (!IsAllowed(options.History, subscribed))
        {
            return Refuse(command, CommandError.PermissionDenied);
        }
        int limit = command.Limit < 0 ? _options.HistoryCountMax : Math.Min(command.Limit, _options.HistoryCountMax);
        _broker.ReadHistory(new HistoryRequest
        {
            Channel = channel,
            Options = options,
            Limit = limit,
            BytesMax = _options.HistoryBytesMax,
            Since = command.HasSince ? new Position(Epoch.Parse(command.Epoch), command.Offset) : null,
            Reverse = command.Reverse,
            Asker = this,
            Session = Ask(session),
            CommandId = command.Id,
        });
        return Outcome.Next;
    }

    private Outcome ReadPresence(int session, in ClientCommand command, string channel, ChannelOptions options, bool subscribed)
    {
        if (!options.Presence)
        {
            return Refuse(command, CommandError.NotAvailable);
        }
        if (!IsAllowed(options.ReadPresence, subscribed))
        {
            return Refuse(command, CommandError.PermissionDenied);
        }
        _broker.ReadPresence(new PresenceRequest
        {
            Channel = channel,
            Options = options,
            OnlyCounts = command.Method == CommandMethod.PresenceStats,
            Asker = this,
            Session = Ask(session),
            CommandId = command.Id,
        });
        return Outcome.Next;
    }

    private Outcome Refuse(in ClientCommand command, CommandError error)
    {
        _replies.Error(command.Id, error);
        return Outcome.Next;
    }

    private Outcome Over(int session, DisconnectCode code)
    {
        Disconnect(session, code);
        return Outcome.Over;
    }

    // A copy of what the client gave. Of a JSON command it is JSON without newlines; Protobuf may hold anything.
    private bool TryTakeJson(int session, ReadOnlySpan<byte> data, [NotNullWhen(true)] out byte[]? json)
    {
        json = null;
        if (data.IsEmpty || (_sessions[session].Format == WireFormat.Protobuf && !JsonData.IsJson(data)))
        {
            return false;
        }
        json = JsonData.WithoutNewlines(data);
        return true;
    }

    private Handle Ask(int session)
    {
        _sessions[session].PendingAnswers++;
        return _sessions.HandleAt(session);
    }

    private static bool IsAllowed(Access access, bool subscribed) =>
        access == Access.Client || (access == Access.Subscriber && subscribed);

    // The name as a string; the one that the mirror has already, if there is one.
    private string NameOf(ReadOnlySpan<byte> channel)
    {
        Span<char> characters = stackalloc char[channel.Length]; // bounded by the longest name
        characters = characters[..Encoding.UTF8.GetChars(channel, characters)];
        return _mirrors.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(characters, out Mirror? mirror)
            ? mirror.Name
            : new string(characters);
    }

    // A version 4 UUID.
    private Guid NewClientId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _loop.Random(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
