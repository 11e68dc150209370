using System.Text.Json;
using Sluice.Protocol;

namespace Sluice.Simulator;

// What the client is told, and what has to hold of it.
internal partial class NativeClient
{
    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message)
    {
        Violation.Unless(opcode == _wire.Opcode, "a message of the other format's kind");
        foreach (byte[] line in _wire.Read(message))
        {
            World.Trace.Quote(line);
            Line(line);
        }
    }

    protected override void Closed(int code, string reason)
    {
        ConnectionGone();
        NoteClose(code);
        bool expected = code switch
        {
            CloseCodes.Normal => true,
            CloseCodes.Abnormal => Scenario.SomethingFailed || Scenario.IsShuttingDown || Scenario.Settings.IsCrowded || Scenario.Settings.IsTight || Scenario.Settings.IsPoor,
            3001 => Scenario.IsShuttingDown,
            3008 => Scenario.SomethingFailed || Scenario.Settings.IsTight,
            3012 or 3502 => Scenario.SomethingFailed,
            CloseCodes.TryAgainLater => Scenario.Settings.IsPoor,
            CloseCodes.PolicyViolation => Scenario.SomethingFailed && reason == "slow",
            _ => false,
        };
        if (!expected)
        {
            Violation.Found($"{Name} was closed with {code} {reason}");
        }
        Violation.Unless(code is CloseCodes.Abnormal or CloseCodes.Normal || reason.Length > 0, "a close without a reason, which official clients take for something else");
    }

    /// <summary>One reply or push.</summary>
    protected virtual void Line(ReadOnlySpan<byte> line)
    {
        if (line.SequenceEqual("{}"u8))
        {
            NativePing();
            return;
        }
        Utf8JsonReader reader = new(line);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement json = document.RootElement;
        if (json.TryGetProperty("push"u8, out JsonElement push))
        {
            Push(push);
            return;
        }
        uint id = json.GetProperty("id"u8).GetUInt32();
        Violation.Unless(_pending.Remove(id, out Command? command), "a reply that nothing asked for");
        World.Trace.Note(World.Now, Name, "reply", id, 0, command.Method);
        if (json.TryGetProperty("error"u8, out JsonElement error))
        {
            Refused(command, error.GetProperty("code"u8).GetInt32());
            return;
        }
        Violation.Unless(json.TryGetProperty(command.Method, out JsonElement result), "a reply without its result");
        Answered(command, result);
    }

    private void NoteClose(int code)
    {
        Milestone? milestone = code switch
        {
            3001 => Milestone.ClosedByShutdown,
            3008 => Milestone.ClosedAsSlow,
            3012 => Milestone.ClosedWithoutPong,
            3502 => Milestone.ClosedAsStale,
            _ => null,
        };
        if (milestone is { } reached)
        {
            World.Reach(reached);
        }
    }

    private void NativePing()
    {
        Violation.Unless(_clientId is not null, "a ping before the connection is established");
        _owesPong = World.Faults.Strikes(Fault.PongWithheld);
        if (!_owesPong)
        {
            Send(_wire.Opcode, _wire.Pong);
        }
    }

    private void Answered(Command command, JsonElement result)
    {
        Violation.Unless(command.Subscription?.Rules.MustRefuse(command.Method) != true, "a command was obeyed that is not allowed");
        switch (command.Method)
        {
            case "connect":
                _clientId = result.GetProperty("client"u8).GetString();
                break;
            case "subscribe":
                command.Subscription!.Outstanding--;
                command.Subscription.Subscribed(SubscribeReply.Read(result), command.Since, command.IsStrict);
                break;
            case "unsubscribe":
                command.Subscription!.Outstanding--;
                command.Subscription.Ended();
                break;
            case "publish":
                command.Publication!.Acknowledged = true;
                break;
            case "history":
                History(command, result);
                break;
            case "presence":
                Presence(command, result);
                break;
            case "presence_stats":
                Violation.Unless(result.GetProperty("num_clients"u8).GetInt32() >= result.GetProperty("num_users"u8).GetInt32(), "more users than clients");
                break;
        }
    }

    private void Refused(Command command, int code)
    {
        Subscription subscription = command.Subscription!;
        World.Reach(Milestone.Refused);
        bool lostPosition = code == 112 && command.Since is { } since && subscription.MayBeLost(since)
            && (command.IsStrict || command.Method == "history");
        bool tooMany = code == 106 && command.Method == "subscribe" && _subscriptions.Count > Scenario.Settings.Hub.SubscriptionsMax;
        if (!lostPosition && !tooMany && !subscription.Rules.MayRefuse(command.Method, code))
        {
            Violation.Found($"{command.Method} in {subscription.Channel} was refused with {code}");
        }
        if (command.Method == "subscribe")
        {
            subscription.Outstanding--;
            subscription.Refused(forgetPosition: lostPosition);
        }
        if (lostPosition)
        {
            World.Reach(Milestone.PositionRefused);
        }
    }

    private void Push(JsonElement push)
    {
        string channel = push.GetProperty("channel"u8).GetString()!;
        Violation.Unless(_subscriptions.TryGetValue(channel, out Subscription? subscription), "a push for a channel that was never asked for");
        if (push.TryGetProperty("pub"u8, out JsonElement publication))
        {
            ShownPublication shown = ShownPublication.Read(publication);
            World.Trace.Note(World.Now, Name, "publication", shown.Offset, Payload.NumberOf(shown.Data), channel);
            subscription.Published(shown);
            return;
        }
        Violation.Unless(subscription.IsLive, "a push for a channel that is not subscribed");
        if (push.TryGetProperty("unsubscribe"u8, out JsonElement unsubscribe))
        {
            World.Trace.Note(World.Now, Name, "unsubscribed", unsubscribe.GetProperty("code"u8).GetInt32(), 0, channel);
            Violation.Unless(unsubscribe.GetProperty("code"u8).GetInt32() == 2500 && subscription.Rules.Forgets, "a subscription ended for no reason");
            World.Reach(Milestone.FellBehind);
            subscription.Ended();
            subscription.WillBeLive &= subscription.Outstanding > 0;
            return;
        }
        bool isJoin = push.TryGetProperty("join"u8, out JsonElement info) || push.TryGetProperty("leave"u8, out info);
        Violation.Unless(isJoin && subscription.Rules.Options.JoinLeave, "a push of a kind that was not expected");
        World.Reach(Milestone.JoinOrLeave);
        Violation.Unless(info.GetProperty("info"u8).GetProperty("client"u8).GetString()!.Length > 0, "a join or leave of nobody");
    }

    private void History(Command command, JsonElement result)
    {
        Place top = SubscribeReply.ReadPlace(result);
        string channel = command.Subscription!.Channel;
        List<ShownPublication> publications = ShownPublication.ReadAll(result);
        Violation.Unless(command.Limit < 0 || publications.Count <= command.Limit, "more history than was asked for");
        Violation.Unless(command.TopSeen is not { } seen || seen.Epoch != top.Epoch || seen.Offset <= top.Offset, "a log that became shorter");
        Violation.Unless(command.Since is not { } from || from.Epoch == top.Epoch, "history since a position in another epoch");
        for (int i = 0; i < publications.Count; i++)
        {
            long offset = publications[i].Offset;
            long expected = i > 0 ? publications[i - 1].Offset + (command.Reverse ? -1 : 1)
                : command.Since is not { } since ? offset
                : command.Reverse ? since.Offset - 1 : since.Offset + 1;
            Violation.Unless(offset == expected && offset <= top.Offset, "history with a hole, or out of order");
            _oracle.Saw(channel, new Place(top.Epoch, offset), publications[i].Data, publications[i].Client);
        }
        _oracle.SawTop(channel, top);
    }

    private void Presence(Command command, JsonElement result)
    {
        foreach (JsonProperty client in result.GetProperty("presence"u8).EnumerateObject())
        {
            Violation.Unless(client.Value.GetProperty("client"u8).ValueEquals(client.Name), "a presence under another's name");
        }
        // Only if it was subscribed all the while is it known what must be in the answer.
        if (command.Life != 0 && command.Life == command.Subscription!.SteadyLife)
        {
            Violation.Unless(result.GetProperty("presence"u8).TryGetProperty(_clientId!, out _), "a subscriber is missing in the presence");
        }
    }
}
