using System.Runtime.CompilerServices;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>One event loop: its connections, its timers, its mailbox, over the kernel as <see cref="ISystem"/> shows it.</summary>
/// <remarks>
/// <para><b>Thread.</b> Everything is the loop's own, and is called between two calls of <see cref="Turn"/> or from a
/// callback within one, except <see cref="Post"/>, which is for any thread.</para>
/// <para><b>Order.</b> <see cref="Serve"/> the endpoints, then <see cref="Turn"/> until <see cref="Stopped"/>. A turn
/// handles at most a quantum each of completions, messages, run items and timers, so that none of them starves the
/// others, and waits in the system only when none has work left.</para>
/// <para><b>Handles</b> of connections are stale after <see cref="Endpoint.Closed"/>; every member takes a stale one and
/// does nothing.</para>
/// </remarks>
public sealed partial class EventLoop
{
    /// <summary>The bytes of a connection's row, part of the memory budget.</summary>
    public const int ConnectionBytes = 80;

    private const int SparesMax = 1024;
    private const int SpareBatchesMax = 16; // of 64 KB each

    private readonly ISystem _system;
    private readonly EventLoopOptions _options;
    private readonly Slab<Connection> _connections = new();
    private readonly Pool<Inbox> _inboxes = new(SparesMax);
    private readonly Pool<Outbox> _outboxes = new(SparesMax);
    private readonly Pool<SendBatch> _batches = new(SpareBatchesMax);
    private readonly TimerWheel _timers;
    private readonly PriorityQueue<LoopMessage, long> _alarms = new();
    private readonly Mailbox _mailbox = new();
    private readonly Queue<LoopMessage> _deferred = new();
    private readonly Queue<RunItem> _runnable = new();
    private readonly Queue<Handle> _woken = new();
    private readonly Queue<Handle> _over = new();
    private readonly List<Endpoint> _endpoints = [];
    private bool _mailArrived;

    /// <summary>Makes a loop over a system that nobody else uses.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public EventLoop(ISystem system, EventLoopOptions? options = null)
    {
        Invariant.Check(Unsafe.SizeOf<Connection>() == ConnectionBytes, "a connection's row has the size that the memory budget counts");
        _system = system;
        _options = options ?? EventLoopOptions.Default;
        _options.Validate();
        _timers = new TimerWheel(system.Now);
        Buffers = new Buffers(_options.OverwritesReturnedBuffers);
        TakeBatch();
        _outgoing = new Outgoing(this);
        _census = AddressCensus.For(_options);
    }

    /// <summary>Milliseconds of the system's clock, as of this turn.</summary>
    public long Now => _system.Now;

    /// <summary>The loop's spare arrays, also for its endpoints.</summary>
    public Buffers Buffers { get; }

    /// <summary>How many connections live, in whatever state.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Whether a shutdown is complete: no connection is left, and none is on its way to or from this loop.</summary>
    public bool Stopped => _shutdownAtMs is not null && _connections.Count == 0 && !_expectsNewcomers && Group?.HasWaiting(this) != true;

    /// <summary>Fills <paramref name="destination"/> with unpredictable bytes.</summary>
    public void Random(Span<byte> destination) => _system.Random(destination);

    /// <summary>Serves an endpoint at its path. Before the first turn.</summary>
    public void Serve(Endpoint endpoint)
    {
        Invariant.Check(_endpoints.Count < byte.MaxValue && FindEndpoint(System.Text.Encoding.UTF8.GetBytes(endpoint.Path)) < 0, "a path is served once");
        _endpoints.Add(endpoint);
        _paths.Add(System.Text.Encoding.UTF8.GetBytes(endpoint.Path));
    }

    /// <summary>Runs a message on this loop. Any thread; in order for each poster.</summary>
    public void Post(LoopMessage message)
    {
        if (_mailbox.Post(message))
        {
            _system.Wake();
        }
    }

    /// <summary>Runs a message on a loop, asked from this one; in order with others between the same two. Needs no waking of itself.</summary>
    public void PostTo(EventLoop to, LoopMessage message)
    {
        if (to == this)
        {
            _deferred.Enqueue(message);
        }
        else
        {
            to.Post(message);
        }
    }

    /// <summary>Runs a message on this loop at a time. For rare things; a connection has a timer of its own.</summary>
    public void RunAt(LoopMessage message, long dueMs) => _alarms.Enqueue(message, dueMs);

    /// <summary>Gives a run item its turns until it has no work left. Queued once however often this is called.</summary>
    public void Run(RunItem item)
    {
        if (!item.Queued)
        {
            item.Queued = true;
            _runnable.Enqueue(item);
        }
    }

    /// <summary>When the next turn is due, on <see cref="Now"/>'s clock, if the system tells nothing before. Between turns.</summary>
    public long DueMs => HasWork ? _system.Now : Math.Min(NextDueMs, ShutdownTickMs);

    /// <summary>One pass: what has happened, what was asked, what is owed, what is due.</summary>
    public void Turn()
    {
        EndOver(); // what was closed between two turns
        _compressLeft = CompressQuantum;
        long deadline = DueMs;
        ServePostponed(); // before what is new, so that nobody has two shares of a turn
        for (int i = 0; i < _options.TurnQuantum && _system.Next(deadline, out Completion completion); i++)
        {
            Complete(completion);
            EndOver();
            deadline = ISystem.AtHand;
        }
        RunMessages();
        ServeRunnable();
        FireTimers();
        StepShutdown();
        Shed();
    }

    /// <summary>What this loop holds; all zero when everything has ended.</summary>
    public LoopResources Resources => new(
        _connections.Count, _inboxes.RentedCount, _outboxes.RentedCount, _batches.RentedCount - 1, _timers.Count, Buffers.RentedCount,
        _watches.Count, _census?.PlacesHeld ?? 0);

    private bool HasWork => _mailArrived || _deferred.Count > 0 || _runnable.Count > 0 || _woken.Count > 0 || _postponed.Count > 0;

    private long NextDueMs => Math.Min(_timers.NextDueMs, _alarms.TryPeek(out _, out long due) ? due : long.MaxValue);

    private void Complete(in Completion completion)
    {
        switch (completion.Kind)
        {
            case CompletionKind.Woken:
                _mailArrived = true;
                return;
            case CompletionKind.Accepted:
                OnAccepted(completion);
                return;
            case CompletionKind.AcceptFailed:
                _alarms.Enqueue(new ResumeAccepting(this), _system.Now + _options.AcceptPauseMs);
                return;
        }
        Handle connection = new(completion.Token);
        if (!_connections.Contains(connection))
        {
            return;
        }
        switch (completion.Kind)
        {
            case CompletionKind.Peeked:
                OnPeeked(connection, completion);
                break;
            case CompletionKind.Received:
                OnReceived(connection, completion);
                break;
            case CompletionKind.Sent:
                OnSent(connection, completion.Count);
                break;
            case CompletionKind.Ended:
                OnEnded(connection);
                break;
            case CompletionKind.Failed:
                Break(connection, CloseCodes.Abnormal);
                break;
        }
    }

    private void RunMessages()
    {
        for (int i = Math.Min(_deferred.Count, _options.TurnQuantum); i > 0; i--)
        {
            _deferred.Dequeue().Run();
            EndOver();
        }
        if (!_mailArrived)
        {
            return; // what is posted but not yet announced waits for its wake-up
        }
        for (int i = 0; i < _options.TurnQuantum; i++)
        {
            if (!_mailbox.TryTake(out LoopMessage message))
            {
                _mailArrived = false;
                return;
            }
            message.Run();
            EndOver();
        }
    }

    private void ServeRunnable()
    {
        for (int i = Math.Min(_woken.Count, RunItem.ConnectionsPerQuantum); i > 0; i--)
        {
            Handle connection = _woken.Dequeue();
            if (_connections.Contains(connection))
            {
                _connections[connection.Index].Flags &= ~ConnectionFlags.Woken;
                ServeReader(connection);
                EndOver();
            }
        }
        for (int i = Math.Min(_runnable.Count, _options.RunQuantum); i > 0; i--)
        {
            RunItem item = _runnable.Dequeue();
            item.Queued = false;
            if (item.RunQuantum())
            {
                Run(item);
            }
            EndOver();
        }
    }

    private void FireTimers()
    {
        long now = _system.Now;
        for (int i = 0; i < _options.TurnQuantum && _alarms.TryPeek(out _, out long due) && due <= now; i++)
        {
            _alarms.Dequeue().Run();
            EndOver();
        }
        for (int i = 0; i < _options.TurnQuantum && _timers.TryTake(now, out int key, out long dueMs); i++)
        {
            Handle connection = _connections.HandleAt(key >> 1);
            if ((key & 1) == 0)
            {
                Review(connection, now - dueMs);
            }
            else
            {
                EndpointOf(connection).TimerFired(connection);
            }
            EndOver();
        }
    }

    private Endpoint EndpointOf(Handle connection) => _endpoints[_connections[connection.Index].Endpoint];

    private sealed class ResumeAccepting(EventLoop loop) : LoopMessage
    {
        public override void Run() => loop._system.ResumeAccepting();
    }
}

/// <summary>Work that is too long for one go: a channel with many readers, say. Served in turn with others, a quantum each.</summary>
public abstract class RunItem
{
    /// <summary>How many connections one quantum serves.</summary>
    public const int ConnectionsPerQuantum = 64;

    internal bool Queued { get; set; }

    /// <summary>Does a quantum of it.</summary>
    /// <returns>True when more is left.</returns>
    public abstract bool RunQuantum();
}

/// <summary>What a loop holds at a moment.</summary>
/// <param name="Connections">Rows of connections.</param>
/// <param name="Inboxes">Peers of whom part of a frame, message or head is kept.</param>
/// <param name="Outboxes">Peers for whom bytes wait.</param>
/// <param name="PendingBatches">Sends that the system has not completed.</param>
/// <param name="Timers">Timers set.</param>
/// <param name="Buffers">Arrays rented.</param>
/// <param name="Watches">Peers in the middle of something.</param>
/// <param name="Places">Connections and handshakes that are counted by their addresses; of the loop that accepts.</param>
public readonly record struct LoopResources(
    int Connections, int Inboxes, int Outboxes, int PendingBatches, int Timers, int Buffers, int Watches, int Places);
