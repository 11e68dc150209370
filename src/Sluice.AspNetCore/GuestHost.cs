using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>One loop that takes guests.</summary>
/// <param name="Loop">The loop.</param>
/// <param name="System">The system under it.</param>
/// <param name="Endpoints">What it serves.</param>
public sealed record GuestLoop(EventLoop Loop, GuestSystem System, IReadOnlyList<Endpoint> Endpoints);

/// <summary>The loops between which guests are dealt in turn. Any thread.</summary>
public sealed class GuestHost
{
    private readonly IReadOnlyList<GuestLoop> _loops;
    private uint _next;

    /// <summary>Makes a host of loops that serve the same paths.</summary>
    public GuestHost(IReadOnlyList<GuestLoop> loops)
    {
        Invariant.Check(loops.Count > 0, "guests need a loop");
        _loops = loops;
    }

    /// <summary>The endpoint at a path, of each loop its own; they judge and speak alike.</summary>
    /// <exception cref="ArgumentException">A loop serves nothing at this path.</exception>
    internal Endpoint[] EndpointsAt(string path) =>
        [.. _loops.Select(loop => loop.Endpoints.FirstOrDefault(endpoint => endpoint.Path == path)
            ?? throw new ArgumentException($"No endpoint is served at {path}; give it to each GuestLoop.", nameof(path)))];

    /// <summary>Lets a guest in and has the next loop adopt it.</summary>
    /// <param name="endpoints">What it comes to, of each loop its own.</param>
    /// <param name="deflate">What its handshake agreed about compression.</param>
    /// <param name="stream">See <see cref="GuestSystem.Enter"/>.</param>
    /// <param name="abort">See <see cref="GuestSystem.Enter"/>.</param>
    /// <param name="completeWriting">See <see cref="GuestSystem.Enter"/>.</param>
    internal Guest Admit(Endpoint[] endpoints, DeflateAgreement deflate, Stream stream, Action abort, Func<Task>? completeWriting)
    {
        int number = (int)(Interlocked.Increment(ref _next) % (uint)_loops.Count);
        GuestLoop host = _loops[number];
        Guest guest = host.System.Enter(stream, abort, completeWriting);
        host.Loop.Post(new AdoptGuest(host.Loop, guest.Socket, endpoints[number], deflate));
        return guest;
    }

    private sealed class AdoptGuest(EventLoop loop, int socket, Endpoint endpoint, DeflateAgreement deflate) : LoopMessage
    {
        public override void Run() => loop.AdoptOpen(socket, endpoint, deflate);
    }
}
