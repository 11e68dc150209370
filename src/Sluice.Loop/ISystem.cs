namespace Sluice.Loop;

/// <summary>The kernel as one loop sees it: sockets, time, randomness and a way to be woken.</summary>
/// <remarks>
/// <para><b>Thread.</b> Every member is for the loop's own thread, except <see cref="Wake"/>, which is for any.</para>
/// <para><b>Style.</b> Completions: what happened, not what may now be tried. Epoll reads on readiness and reports
/// what it read; a completion ring fits behind it unchanged; the simulator's seeded world is the third.</para>
/// <para><b>Names.</b> A socket is a small non-negative number that the system gave in <see cref="CompletionKind.Accepted"/>.
/// A token is the loop's own name for it, given in <see cref="Adopt"/> and returned in every later completion; after
/// <see cref="Close"/> or <see cref="Release"/> no completion with that token follows, and the number may be reused.</para>
/// <para><b>Reading.</b> Armed and disarmed explicitly. While disarmed nothing is read, so the peer feels it;
/// <see cref="CompletionKind.Failed"/> is still reported. A system serves sockets in turn: one that always has bytes
/// does not keep another waiting.</para>
/// <para><b>Sending.</b> One send per socket at a time. After an outcome other than "all taken" the next
/// <see cref="Send"/> waits for its <see cref="CompletionKind.Sent"/>, of which exactly one comes
/// (unless the socket fails or is closed).</para>
/// </remarks>
public interface ISystem : IDisposable
{
    /// <summary>How many writable bytes lie in front of what <see cref="CompletionKind.Peeked"/> and
    /// <see cref="CompletionKind.Received"/> deliver, so that a receiver can put what it kept before them.</summary>
    const int HeadroomBytes = 256;

    /// <summary>How many bytes an address has in <see cref="CompletionKind.Accepted"/>.</summary>
    const int AddressBytes = 16;

    /// <summary>A deadline for <see cref="Next"/> that takes only what the system already holds and does not ask the kernel.</summary>
    const long AtHand = long.MinValue;

    /// <summary>Milliseconds of a clock that never goes back, as of the last <see cref="Next"/>. Its origin is arbitrary.</summary>
    long Now { get; }

    /// <summary>Fills <paramref name="destination"/> with unpredictable bytes (in the simulator: seeded ones).</summary>
    void Random(Span<byte> destination);

    /// <summary>Takes the next completion, waiting for one until <paramref name="deadlineMs"/> at most.</summary>
    /// <param name="deadlineMs">On <see cref="Now"/>'s clock; a time that has passed does not wait, <see cref="long.MaxValue"/> waits for ever, <see cref="AtHand"/> does not even ask.</param>
    /// <param name="completion">What happened. Its bytes are valid, and writable, until the next call.</param>
    /// <returns>False when there was none by then.</returns>
    bool Next(long deadlineMs, out Completion completion);

    /// <summary>Makes an accepted socket this loop's. Accepting and adopting may be two loops' acts.</summary>
    /// <param name="socket">As given by <see cref="CompletionKind.Accepted"/>: connected, and never blocking.</param>
    /// <param name="token">The loop's name for it.</param>
    /// <param name="peek">True: report what arrives by <see cref="CompletionKind.Peeked"/>, consuming nothing, until
    /// <see cref="Arm"/> or <see cref="Release"/>. False: armed at once.</param>
    void Adopt(int socket, ulong token, bool peek);

    /// <summary>Starts or resumes reading. Ends peeking: the bytes seen so far are then delivered by <see cref="CompletionKind.Received"/>.</summary>
    void Arm(int socket);

    /// <summary>Stops reading. What was already delivered stays delivered.</summary>
    void Disarm(int socket);

    /// <summary>Sends <paramref name="count"/> bytes (at least one). Nothing may change them until the send is complete.</summary>
    /// <returns>See <see cref="SendOutcome"/>.</returns>
    SendOutcome Send(int socket, byte[] buffer, int offset, int count);

    /// <summary>Says to the peer that nothing more comes (FIN), after everything that was sent. Reading goes on.</summary>
    void ShutdownWrite(int socket);

    /// <summary>Ends the socket and everything pending on it.</summary>
    void Close(int socket);

    /// <summary>Gives a peeked socket away, with everything still unread in it, to whoever serves what this loop does not.</summary>
    void Release(int socket);

    /// <summary>Tells the peer's address.</summary>
    /// <param name="socket">Of which.</param>
    /// <param name="address">Takes <see cref="AddressBytes"/> bytes, as <see cref="CompletionKind.Accepted"/> has them.</param>
    /// <returns>False when the system does not know it, or not any more.</returns>
    bool TryGetAddress(int socket, Span<byte> address) => false;

    /// <summary>Whether nobody between the ends can read what the socket carries (TLS).</summary>
    bool IsSecure(int socket) => false;

    /// <summary>Accepts again after <see cref="CompletionKind.AcceptFailed"/>.</summary>
    void ResumeAccepting();

    /// <summary>Accepts no more, for good; what is not yet accepted is refused by the system.</summary>
    void StopAccepting();

    /// <summary>Makes <see cref="Next"/> deliver a <see cref="CompletionKind.Woken"/>. Any thread; several calls may become one completion.</summary>
    void Wake();
}

/// <summary>What a <see cref="Completion"/> tells.</summary>
public enum CompletionKind : byte
{
    /// <summary>A peer connected; <see cref="Completion.Socket"/> waits to be adopted or closed. The bytes are the peer's address,
    /// <see cref="ISystem.AddressBytes"/> of them: IPv6, with IPv4 mapped into it (RFC 4291, 2.5.5.2); zeros if it has none.</summary>
    Accepted,

    /// <summary>The operating system had no descriptor or memory for a new peer. Accepting pauses until <see cref="ISystem.ResumeAccepting"/>.</summary>
    AcceptFailed,

    /// <summary>All bytes that wait in the socket (up to the size of the receive buffer), from the first one; they stay there.</summary>
    Peeked,

    /// <summary>Bytes that arrived.</summary>
    Received,

    /// <summary>The peer said that nothing more comes (FIN). Everything before it has been delivered, or, while peeking, shown by
    /// <see cref="Peeked"/>. Comes once.</summary>
    Ended,

    /// <summary>The socket is broken (reset, time-out); only <see cref="ISystem.Close"/> is left. Comes once.</summary>
    Failed,

    /// <summary>The send that was not taken whole is over: <see cref="Completion.Count"/> further bytes were taken
    /// (0 after a short <see cref="SendStatus.Done"/> and after <see cref="SendStatus.Full"/>), and the next <see cref="ISystem.Send"/> may come.</summary>
    Sent,

    /// <summary>Somebody called <see cref="ISystem.Wake"/>.</summary>
    Woken,
}

/// <summary>One thing that happened.</summary>
/// <param name="Kind">What.</param>
/// <param name="Token">Whose; 0 for <see cref="CompletionKind.Accepted"/>, <see cref="CompletionKind.AcceptFailed"/> and <see cref="CompletionKind.Woken"/>.</param>
/// <param name="Socket">The system's number of the socket, or -1.</param>
/// <param name="Buffer">Where received bytes or an address lie, else an empty array. The <see cref="ISystem.HeadroomBytes"/> before <paramref name="Offset"/> are free to write.</param>
/// <param name="Offset">Where in <paramref name="Buffer"/> they begin.</param>
/// <param name="Count">How many bytes were received, peeked or sent, or the address has.</param>
public readonly record struct Completion(CompletionKind Kind, ulong Token, int Socket, byte[] Buffer, int Offset, int Count)
{
    /// <summary>A completion without bytes.</summary>
    public static Completion Of(CompletionKind kind, ulong token, int socket, int count = 0) => new(kind, token, socket, [], 0, count);
}

/// <summary>How a <see cref="ISystem.Send"/> went at once.</summary>
public enum SendStatus : byte
{
    /// <summary>Taken, wholly or up to <see cref="SendOutcome.Count"/> bytes; in the second case a <see cref="CompletionKind.Sent"/> of 0 bytes says when there is room again.</summary>
    Done,

    /// <summary>All taken, and the bytes are free, but there is no room for more: a <see cref="CompletionKind.Sent"/> of 0 bytes says when there is.</summary>
    Full,

    /// <summary>Not yet known; the bytes must stay as they are until <see cref="CompletionKind.Sent"/> says how many were taken.</summary>
    Pending,

    /// <summary>The socket is broken; only <see cref="ISystem.Close"/> is left. No completion says it again.</summary>
    Failed,
}

/// <summary>How a <see cref="ISystem.Send"/> went at once.</summary>
/// <param name="Status">Taken, pending or broken.</param>
/// <param name="Count">How many bytes were taken, when <see cref="SendStatus.Done"/> or <see cref="SendStatus.Full"/>.</param>
public readonly record struct SendOutcome(SendStatus Status, int Count);
