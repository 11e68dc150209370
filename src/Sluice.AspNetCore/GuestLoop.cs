using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>A loop whose connections are guests. It has no thread: it runs where its guests' news comes in.</summary>
/// <remarks><b>Order.</b> <see cref="Serve"/> its endpoints, give it to a <see cref="GuestHost"/>, and in the end
/// <see cref="DisposeAsync"/>, before the web server that carries the guests stops.</remarks>
public sealed class GuestLoop : IAsyncDisposable
{
    private readonly int _guestsMax;
    private readonly PoolRunner _runner;
    private readonly GuestSystem _system;
    private readonly List<Endpoint> _endpoints = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Makes a loop.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public GuestLoop(EventLoopOptions? options = null)
    {
        _guestsMax = (options ?? EventLoopOptions.Default).ConnectionsMax;
        _runner = new PoolRunner(Turn);
        _system = new GuestSystem(_runner);
        Loop = new EventLoop(_system, options);
    }

    /// <summary>The loop itself, for its endpoints and for whoever posts to it.</summary>
    public EventLoop Loop { get; }

    /// <summary>How many guests are here. Any thread.</summary>
    public int GuestCount => _system.GuestCount;

    /// <summary>Serves an endpoint at its path. Before the first guest.</summary>
    public void Serve(Endpoint endpoint)
    {
        Loop.Serve(endpoint);
        _endpoints.Add(endpoint);
    }

    /// <summary>Closes every connection as <see cref="EventLoop.BeginShutdown"/> does, and turns away who still comes.</summary>
    /// <returns>Complete when none is left.</returns>
    public async ValueTask DisposeAsync()
    {
        Loop.Post(new BeginShutdown(Loop));
        await _stopped.Task.ConfigureAwait(false);
        _system.Dispose();
        _runner.Dispose();
    }

    /// <summary>Whether one more may come.</summary>
    internal bool HasRoom => _system.GuestCount < _guestsMax;

    /// <summary>The endpoint at a path; null for none.</summary>
    internal Endpoint? EndpointAt(string path) => _endpoints.Find(endpoint => endpoint.Path == path);

    /// <summary>Lets a guest in and has the loop adopt it.</summary>
    /// <param name="endpoint">What it comes to; of this loop.</param>
    /// <param name="deflate">What its handshake agreed about compression.</param>
    /// <param name="state">The endpoint's own number for it, as <see cref="Endpoint.InitialState"/> has it.</param>
    /// <param name="carrier">What carries it.</param>
    internal Guest Admit(Endpoint endpoint, DeflateAgreement deflate, int state, in GuestCarrier carrier)
    {
        Guest guest = _system.Enter(carrier);
        Loop.Post(new AdoptGuest(Loop, guest.Socket, endpoint, deflate, state));
        return guest;
    }

    private long Turn()
    {
        Loop.Turn();
        if (Loop.Stopped)
        {
            _stopped.TrySetResult();
        }
        return _system.HasNews ? ISystem.AtHand : Loop.DueMs;
    }

    private sealed class AdoptGuest(EventLoop loop, int socket, Endpoint endpoint, DeflateAgreement deflate, int state) : LoopMessage
    {
        public override void Run() => loop.AdoptOpen(socket, endpoint, deflate, state);
    }

    private sealed class BeginShutdown(EventLoop loop) : LoopMessage
    {
        public override void Run() => loop.BeginShutdown();
    }
}
