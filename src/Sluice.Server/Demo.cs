using System.Security.Cryptography;
using Sluice.Channels;

namespace Sluice.Server;

/// <summary>What <c>--demo</c> opens.</summary>
internal static class Demo
{
    /// <summary>Anonymous clients may do everything in <c>chat:NAME</c>, which remembers, recovers and shows who is there.</summary>
    public static HubOptions HubOptions { get; } = new()
    {
        AllowAnonymous = true,
        AnonymousInfoFromData = true,
        Namespaces = new ChannelNamespaces
        {
            Options = new Dictionary<string, ChannelOptions>
            {
                [""] = new(), // there, and closed
                ["chat"] = new()
                {
                    HistorySize = 300,
                    HistoryTtlMs = 600_000,
                    HistoryBytesMax = 4 << 20,
                    Presence = true,
                    JoinLeave = true,
                    Subscribe = Access.Client,
                    Publish = Access.Client,
                    History = Access.Client,
                    ReadPresence = Access.Client,
                },
            },
        },
    };

    /// <summary>A key for the API that lasts as long as the process.</summary>
    public static string NewApiKey() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
