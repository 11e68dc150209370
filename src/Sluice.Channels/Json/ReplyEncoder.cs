using System.Text.Json;

namespace Sluice.Channels.Json;

/// <summary>Writes replies and pushes to one session in the JSON form of the Centrifugal client protocol v2.</summary>
/// <remarks>Zero values are omitted, except those that official SDKs miss: a history's publications, epoch and offset,
/// the numbers of presence, a client's user and id. A result's key is written even when the result is empty.</remarks>
internal sealed class ReplyEncoder
{
    private readonly JsonText _json = new();
    private bool _any;

    /// <summary>Everything written since <see cref="Clear"/>, one JSON object a line.</summary>
    public ReadOnlySpan<byte> Lines => _json.Written;

    public bool IsEmpty => !_any;

    /// <summary>How many bytes have been written since <see cref="Clear"/>.</summary>
    public int Length => _json.Length;

    public void Clear()
    {
        _json.Clear();
        _any = false;
    }

    public void Error(uint id, CommandError error)
    {
        Utf8JsonWriter writer = Begin(id, "error"u8);
        writer.WriteNumber("code"u8, error.Code);
        writer.WriteString("message"u8, error.Message);
        if (error.Temporary)
        {
            writer.WriteBoolean("temporary"u8, true);
        }
        End(writer);
    }

    /// <summary>A result that says nothing but that it worked.</summary>
    public void Empty(uint id, ReadOnlySpan<byte> method) => End(Begin(id, method));

    public void Connect(uint id, Guid client, string version, int pingSeconds)
    {
        Utf8JsonWriter writer = Begin(id, "connect"u8);
        writer.WriteString("client"u8, client);
        writer.WriteString("version"u8, version);
        writer.WriteNumber("ping"u8, pingSeconds);
        writer.WriteBoolean("pong"u8, true);
        End(writer);
    }

    public void Subscribe(uint id, in SubscribeResult result)
    {
        Utf8JsonWriter writer = Begin(id, "subscribe"u8);
        if (result.Log is { } log)
        {
            writer.WriteBoolean("recoverable"u8, true);
            writer.WriteString("epoch"u8, log.Epoch.ToString());
            writer.WriteBoolean("positioned"u8, true);
            WriteNonZero(writer, "offset"u8, result.Offset);
            if (result.WasRecovering)
            {
                writer.WriteBoolean("was_recovering"u8, true);
            }
            if (result.Recovered)
            {
                writer.WriteBoolean("recovered"u8, true);
                WriteRecovered(writer, log, result);
            }
        }
        End(writer);
    }

    public void History(uint id, HistoryRequest answer)
    {
        Utf8JsonWriter writer = Begin(id, "history"u8);
        WriteHistory(writer, answer);
        End(writer);
    }

    public void Presence(uint id, PresenceRequest answer)
    {
        Utf8JsonWriter writer = Begin(id, answer.OnlyCounts ? "presence_stats"u8 : "presence"u8);
        WritePresence(writer, answer);
        End(writer);
    }

    public void UnsubscribePush(string channel, UnsubscribeCode code)
    {
        Utf8JsonWriter writer = NextObject();
        writer.WriteStartObject("push"u8);
        writer.WriteString("channel"u8, channel);
        writer.WriteStartObject("unsubscribe"u8);
        writer.WriteNumber("code"u8, code.Code);
        writer.WriteString("reason"u8, code.Reason);
        writer.WriteEndObject();
        End(writer);
    }

    public static void WriteHistory(Utf8JsonWriter writer, HistoryRequest answer)
    {
        writer.WriteStartArray("publications"u8);
        foreach (Entry entry in answer.Publications)
        {
            writer.WriteRawValue(entry.Body, skipInputValidation: true);
        }
        writer.WriteEndArray();
        writer.WriteString("epoch"u8, answer.Top.Epoch.IsGiven ? answer.Top.Epoch.ToString() : string.Empty);
        writer.WriteNumber("offset"u8, answer.Top.Offset);
    }

    public static void WritePresence(Utf8JsonWriter writer, PresenceRequest answer)
    {
        if (answer.OnlyCounts)
        {
            writer.WriteNumber("num_clients"u8, answer.ClientCount);
            writer.WriteNumber("num_users"u8, answer.UserCount);
            return;
        }
        writer.WriteStartObject("presence"u8);
        foreach (ClientInfo client in answer.Clients)
        {
            writer.WritePropertyName(client.Client.ToString());
            WriteClientInfo(writer, client);
        }
        writer.WriteEndObject();
    }

    public static void WriteClientInfo(Utf8JsonWriter writer, ClientInfo client)
    {
        writer.WriteStartObject();
        writer.WriteString("user"u8, client.Identity.User);
        writer.WriteString("client"u8, client.Client);
        if (client.Identity.Info is { } info)
        {
            writer.WritePropertyName("conn_info"u8);
            writer.WriteRawValue(info, skipInputValidation: true);
        }
        writer.WriteEndObject();
    }

    private static void WriteRecovered(Utf8JsonWriter writer, ChannelLog log, in SubscribeResult result)
    {
        if (result.RecoveredFrom == result.RecoveredEnd)
        {
            return;
        }
        writer.WriteStartArray("publications"u8);
        for (int i = result.RecoveredFrom; i < result.RecoveredEnd; i++)
        {
            writer.WriteRawValue(log.KeptAt(i).Body, skipInputValidation: true);
        }
        writer.WriteEndArray();
    }

    private static void WriteNonZero(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ulong value)
    {
        if (value != 0)
        {
            writer.WriteNumber(name, value);
        }
    }

    private Utf8JsonWriter NextObject()
    {
        if (_any)
        {
            _json.NextLine();
        }
        _any = true;
        _json.Writer.WriteStartObject();
        return _json.Writer;
    }

    private Utf8JsonWriter Begin(uint id, ReadOnlySpan<byte> key)
    {
        Utf8JsonWriter writer = NextObject();
        writer.WriteNumber("id"u8, id);
        writer.WriteStartObject(key);
        return writer;
    }

    private static void End(Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.WriteEndObject();
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
