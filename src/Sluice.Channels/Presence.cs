namespace Sluice.Channels;

/// <summary>Who is subscribed to a channel. It lives with the channel's owner.</summary>
public sealed class Presence
{
    private readonly Dictionary<Guid, ClientInfo> _clients = [];

    /// <summary>How many connections.</summary>
    public int ClientCount => _clients.Count;

    /// <summary>The connections.</summary>
    public IReadOnlyCollection<ClientInfo> Clients => _clients.Values;

    /// <summary>How many different users.</summary>
    public int CountUsers() => _clients.Values.Select(static client => client.Identity.User).Distinct(StringComparer.Ordinal).Count();

    /// <summary>Adds a connection; false when it is there already.</summary>
    public bool Join(ClientInfo client) => _clients.TryAdd(client.Client, client);

    /// <summary>Removes a connection; false when it was not there.</summary>
    public bool Leave(Guid client) => _clients.Remove(client);
}
