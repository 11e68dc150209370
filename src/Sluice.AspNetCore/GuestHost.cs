using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>The loops between which guests are dealt in turn. Any thread.</summary>
public sealed class GuestHost
{
    private readonly IReadOnlyList<GuestLoop> _loops;
    private uint _next;
    private volatile bool _isStopping;

    /// <summary>Makes a host of loops that serve the same paths.</summary>
    public GuestHost(IReadOnlyList<GuestLoop> loops)
    {
        Invariant.Check(loops.Count > 0, "guests need a loop");
        _loops = loops;
    }

    /// <summary>Whether one more guest may come; if not, what he is told.</summary>
    internal HandshakeVerdict Admission => _isStopping
        ? new(503, "The server is shutting down.")
        : _loops.Any(static loop => loop.HasRoom) ? new(101, "") : new(503, "The server is full.");

    /// <summary>Stops all loops: guests are told to go, and who still comes is refused by 503.</summary>
    /// <returns>Complete when none is left.</returns>
    public Task StopAsync()
    {
        _isStopping = true;
        return Task.WhenAll(_loops.Select(static loop => loop.DisposeAsync().AsTask()));
    }

    /// <summary>The endpoint at a path, of each loop its own; they judge and speak alike.</summary>
    /// <exception cref="ArgumentException">A loop serves nothing at this path.</exception>
    internal Endpoint[] EndpointsAt(string path) =>
        [.. _loops.Select(loop => loop.EndpointAt(path)
            ?? throw new ArgumentException($"No endpoint is served at {path}; give it to each GuestLoop.", nameof(path)))];

    /// <summary>Lets a guest in and has the next loop with room adopt it.</summary>
    /// <param name="endpoints">What it comes to, of each loop its own.</param>
    /// <param name="deflate">What its handshake agreed about compression.</param>
    /// <param name="state">The endpoint's own number for it, as <see cref="Endpoint.InitialState"/> has it.</param>
    /// <param name="carrier">What carries it.</param>
    internal Guest Admit(Endpoint[] endpoints, DeflateAgreement deflate, int state, in GuestCarrier carrier)
    {
        int number = 0;
        for (int i = 0; i < _loops.Count; i++)
        {
            number = (int)(Interlocked.Increment(ref _next) % (uint)_loops.Count);
            if (_loops[number].HasRoom)
            {
                break;
            }
        }
        return _loops[number].Admit(endpoints[number], deflate, state, carrier);
    }
}
