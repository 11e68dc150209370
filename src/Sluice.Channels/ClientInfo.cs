namespace Sluice.Channels;

/// <summary>Who a session belongs to; shared by all sessions that are equal in it.</summary>
/// <param name="User">The user's id, empty for an anonymous one.</param>
/// <param name="Info">A JSON value shown to others as <c>conn_info</c>, or null.</param>
public sealed record Identity(string User, byte[]? Info)
{
    /// <summary>Nobody in particular.</summary>
    public static Identity Anonymous { get; } = new(string.Empty, null);
}

/// <summary>One connection of a user, as others see it in presence, joins, leaves and publications.</summary>
/// <param name="Client">The connection's id.</param>
/// <param name="Identity">Whose it is.</param>
public sealed record ClientInfo(Guid Client, Identity Identity);
