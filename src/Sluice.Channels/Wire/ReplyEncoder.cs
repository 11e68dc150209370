namespace Sluice.Channels.Wire;

/// <summary>Writes replies and pushes to one session in its format of the Centrifugal client protocol v2.</summary>
/// <remarks>In JSON zero values are omitted, except those that official SDKs miss: a history's publications, epoch and offset,
/// the numbers of presence, a client's user and id. A result's field is written even when the result is empty.</remarks>
internal sealed class ReplyEncoder(IMessageWriter writer)
{
    /// <summary>Everything written since <see cref="Clear"/>: one WebSocket message.</summary>
    public ReadOnlySpan<byte> Message => writer.Written;

    public bool IsEmpty => writer.Length == 0;

    /// <summary>How many bytes have been written since <see cref="Clear"/>.</summary>
    public int Length => writer.Length;

    public void Clear() => writer.Clear();

    public void Error(uint id, CommandError error)
    {
        Begin(id, Fields.Reply.Error);
        writer.Number(Fields.Error.Code, error.Code);
        writer.Text(Fields.Error.Message, error.Message);
        if (error.Temporary)
        {
            writer.Flag(Fields.Error.Temporary);
        }
        End();
    }

    /// <summary>A result that says nothing but that it worked.</summary>
    public void Empty(uint id, in WireField method)
    {
        Begin(id, method);
        End();
    }

    public void Connect(uint id, Guid client, string version, int pingSeconds)
    {
        Begin(id, Fields.Reply.Connect);
        writer.Text(Fields.ConnectResult.Client, client);
        writer.Text(Fields.ConnectResult.Version, version);
        writer.Number(Fields.ConnectResult.Ping, (uint)pingSeconds);
        writer.Flag(Fields.ConnectResult.Pong);
        End();
    }

    public void Subscribe(uint id, in SubscribeResult result, PublicationEncoder publications)
    {
        Begin(id, Fields.Reply.Subscribe);
        if (result.Log is { } log)
        {
            writer.Flag(Fields.SubscribeResult.Recoverable);
            writer.Text(Fields.SubscribeResult.Epoch, log.Epoch.ToString());
            writer.Flag(Fields.SubscribeResult.Positioned);
            if (result.Offset != 0)
            {
                writer.Number(Fields.SubscribeResult.Offset, result.Offset);
            }
            if (result.WasRecovering)
            {
                writer.Flag(Fields.SubscribeResult.WasRecovering);
            }
            if (result.Recovered)
            {
                writer.Flag(Fields.SubscribeResult.Recovered);
                WriteRecovered(log, result, publications);
            }
        }
        End();
    }

    public void History(uint id, HistoryRequest answer, PublicationEncoder publications)
    {
        Begin(id, Fields.Reply.History);
        WriteHistory(writer, answer, publications);
        End();
    }

    public void Presence(uint id, PresenceRequest answer)
    {
        Begin(id, answer.OnlyCounts ? Fields.Reply.PresenceStats : Fields.Reply.Presence);
        WritePresence(writer, answer);
        End();
    }

    public void UnsubscribePush(string channel, UnsubscribeCode code)
    {
        writer.BeginMessage();
        writer.Begin(Fields.Reply.Push);
        writer.Text(Fields.Push.Channel, channel);
        writer.Begin(Fields.Push.Unsubscribe);
        writer.Number(Fields.Unsubscribe.Code, code.Code);
        writer.Text(Fields.Unsubscribe.Reason, code.Reason);
        writer.End();
        End();
    }

    public static void WriteHistory(IFieldWriter writer, HistoryRequest answer, PublicationEncoder publications)
    {
        writer.BeginList(Fields.HistoryResult.Publications);
        foreach (Entry entry in answer.Publications)
        {
            writer.Item(entry.BodyIn(publications));
        }
        writer.EndList();
        writer.Text(Fields.HistoryResult.Epoch, answer.Top.Epoch.IsGiven ? answer.Top.Epoch.ToString() : string.Empty);
        writer.Number(Fields.HistoryResult.Offset, answer.Top.Offset);
    }

    public static void WritePresence(IFieldWriter writer, PresenceRequest answer)
    {
        if (answer.OnlyCounts)
        {
            writer.Number(Fields.PresenceStatsResult.ClientCount, (uint)answer.ClientCount);
            writer.Number(Fields.PresenceStatsResult.UserCount, (uint)answer.UserCount);
            return;
        }
        writer.BeginMap(Fields.PresenceResult.Presence);
        foreach (ClientInfo client in answer.Clients)
        {
            writer.BeginEntry(client.Client);
            WriteClientInfo(writer, client);
            writer.EndEntry();
        }
        writer.EndMap();
    }

    public static void WriteClientInfo(IFieldWriter writer, ClientInfo client)
    {
        writer.Text(Fields.ClientInfo.User, client.Identity.User);
        writer.Text(Fields.ClientInfo.Client, client.Client);
        if (client.Identity.Info is { } info)
        {
            writer.Value(Fields.ClientInfo.ConnectionInfo, info);
        }
    }

    private void WriteRecovered(ChannelLog log, in SubscribeResult result, PublicationEncoder publications)
    {
        if (result.RecoveredFrom == result.RecoveredEnd)
        {
            return;
        }
        writer.BeginList(Fields.SubscribeResult.Publications);
        for (int i = result.RecoveredFrom; i < result.RecoveredEnd; i++)
        {
            writer.Item(log.KeptAt(i).BodyIn(publications));
        }
        writer.EndList();
    }

    private void Begin(uint id, in WireField field)
    {
        writer.BeginMessage();
        writer.Number(Fields.Reply.Id, id);
        writer.Begin(field);
    }

    private void End()
    {
        writer.End();
        writer.EndMessage();
    }
}

/// <summary>What a subscriber is told when its subscription begins.</summary>
/// <param name="Log">The log, if it has positions.</param>
/// <param name="Offset">Where the reader is, without <paramref name="RecoveredFrom"/> and what follows.</param>
/// <param name="WasRecovering">Whether recovery was asked for.</param>
/// <param name="Recovered">Whether nothing was missed, or will have been once the log is read on.</param>
/// <param name="RecoveredFrom">The first kept publication that goes with the reply.</param>
/// <param name="RecoveredEnd">The one after the last.</param>
internal readonly record struct SubscribeResult(
    ChannelLog? Log, ulong Offset, bool WasRecovering, bool Recovered, int RecoveredFrom, int RecoveredEnd);
