namespace Sluice.AspNetCore;

/// <summary>A connection of another server's, as a guest uses it.</summary>
/// <param name="Stream">Bytes both ways, once the handshake is over. A write has taken its bytes when it returns; if it pends,
/// there is no room for more. It stays its giver's, who leaves it alone until <see cref="Guest.Closed"/>.</param>
/// <param name="Abort">Breaks a write that the peer does not take. Any thread.</param>
/// <param name="CompleteWriting">Ends the writing alone (FIN); null if the carrier can end only both directions.</param>
public readonly record struct GuestCarrier(Stream Stream, Action Abort, Func<Task>? CompleteWriting = null);
