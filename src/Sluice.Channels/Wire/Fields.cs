using System.Text.Json;

namespace Sluice.Channels.Wire;

/// <summary>One field of a message: its name in JSON, its number in Protobuf.</summary>
internal readonly struct WireField(string name, int number)
{
    public JsonEncodedText Name { get; } = JsonEncodedText.Encode(name);

    public int Number { get; } = number;
}

/// <summary>The fields of all messages that are sent, as the schema of the Centrifugal client protocol v2 has them.</summary>
internal static class Fields
{
    internal static class Reply
    {
        public static readonly WireField Id = new("id", 1);
        public static readonly WireField Error = new("error", 2);
        public static readonly WireField Push = new("push", 4);
        public static readonly WireField Connect = new("connect", 5);
        public static readonly WireField Subscribe = new("subscribe", 6);
        public static readonly WireField Unsubscribe = new("unsubscribe", 7);
        public static readonly WireField Publish = new("publish", 8);
        public static readonly WireField Presence = new("presence", 9);
        public static readonly WireField PresenceStats = new("presence_stats", 10);
        public static readonly WireField History = new("history", 11);
    }

    internal static class Push
    {
        public static readonly WireField Channel = new("channel", 2);
        public static readonly WireField Publication = new("pub", 4);
        public static readonly WireField Join = new("join", 5);
        public static readonly WireField Leave = new("leave", 6);
        public static readonly WireField Unsubscribe = new("unsubscribe", 7);
    }

    internal static class Error
    {
        public static readonly WireField Code = new("code", 1);
        public static readonly WireField Message = new("message", 2);
        public static readonly WireField Temporary = new("temporary", 3);
    }

    internal static class ConnectResult
    {
        public static readonly WireField Client = new("client", 1);
        public static readonly WireField Version = new("version", 2);
        public static readonly WireField Ping = new("ping", 7);
        public static readonly WireField Pong = new("pong", 8);
    }

    internal static class SubscribeResult
    {
        public static readonly WireField Recoverable = new("recoverable", 3);
        public static readonly WireField Epoch = new("epoch", 6);
        public static readonly WireField Publications = new("publications", 7);
        public static readonly WireField Recovered = new("recovered", 8);
        public static readonly WireField Offset = new("offset", 9);
        public static readonly WireField Positioned = new("positioned", 10);
        public static readonly WireField WasRecovering = new("was_recovering", 12);
    }

    internal static class HistoryResult
    {
        public static readonly WireField Publications = new("publications", 1);
        public static readonly WireField Epoch = new("epoch", 2);
        public static readonly WireField Offset = new("offset", 3);
    }

    internal static class PresenceResult
    {
        public static readonly WireField Presence = new("presence", 1);
    }

    internal static class PresenceStatsResult
    {
        public static readonly WireField ClientCount = new("num_clients", 1);
        public static readonly WireField UserCount = new("num_users", 2);
    }

    internal static class Publication
    {
        public static readonly WireField Data = new("data", 4);
        public static readonly WireField Info = new("info", 5);
        public static readonly WireField Offset = new("offset", 6);
        public static readonly WireField Tags = new("tags", 7);
    }

    internal static class JoinOrLeave
    {
        public static readonly WireField Info = new("info", 1);
    }

    internal static class Unsubscribe
    {
        public static readonly WireField Code = new("code", 2);
        public static readonly WireField Reason = new("reason", 3);
    }

    internal static class ClientInfo
    {
        public static readonly WireField User = new("user", 1);
        public static readonly WireField Client = new("client", 2);
        public static readonly WireField ConnectionInfo = new("conn_info", 3);
    }
}
