namespace Sluice.Protocol;

/// <summary>Which end of a connection we are. A type argument, so that its branches fold when the code is compiled.</summary>
public interface IRole
{
    /// <summary>Whether frames that this end sends are masked; those that it receives are masked if this is false.</summary>
    static abstract bool MasksOutput { get; }
}

/// <summary>We accepted the connection: what arrives is masked, what leaves is not.</summary>
public readonly struct ServerRole : IRole
{
    /// <inheritdoc/>
    public static bool MasksOutput => false;
}

/// <summary>We opened the connection: what leaves is masked, what arrives is not.</summary>
public readonly struct ClientRole : IRole
{
    /// <inheritdoc/>
    public static bool MasksOutput => true;
}

/// <summary>Where a client's mask keys come from: a strong source at the edge, a seeded one in the simulator.</summary>
public interface IMaskKeys
{
    /// <summary>A key that the peer could not have predicted, for one frame (RFC 6455, 5.3).</summary>
    uint Next();
}
