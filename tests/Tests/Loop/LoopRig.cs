using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>A loop over a scripted system, with one endpoint that remembers what it was told.</summary>
internal sealed class LoopRig
{
    internal LoopRig(EventLoopOptions? options = null, Func<EventLoop, Recorder>? endpoint = null)
    {
        Loop = new EventLoop(System, options);
        Endpoint = endpoint?.Invoke(Loop) ?? new Recorder();
        Loop.Serve(Endpoint);
    }

    internal ScriptedSystem System { get; } = new();

    internal EventLoop Loop { get; }

    internal Recorder Endpoint { get; }

    /// <summary>A peer whose handshake is done.</summary>
    internal (int Socket, Handle Connection) Open(string? extensions = null)
    {
        int socket = System.Accept();
        Loop.Turn();
        System.Deliver(socket, ScriptedSystem.Request(Recorder.At, extensions));
        Loop.Turn();
        return (socket, Endpoint.Last);
    }

    /// <summary>Turns until nothing is left to do.</summary>
    internal void Settle()
    {
        for (int i = 0; i < 50; i++)
        {
            Loop.Turn();
        }
    }

    internal sealed class Recorder : Endpoint
    {
        internal const string At = "/t";

        internal Recorder()
            : base(At)
        {
        }

        internal Handle Last { get; private set; }

        internal long ReceivedBytes { get; private set; }

        internal int DrainedCount { get; private set; }

        internal List<ushort> ClosedCodes { get; } = [];

        internal List<string> Parts { get; } = [];

        internal Func<SendBatch, bool>? OnFill { get; set; }

        internal Action<Handle>? OnDrained { get; set; }

        internal Action? OnReceived { get; set; }

        public override void Opened(Handle connection) => Last = connection;

        public override void Received(Handle connection, Opcode opcode, Span<byte> message)
        {
            ReceivedBytes += message.Length;
            OnReceived?.Invoke();
        }

        public override void ReceivedPart(Handle connection, Opcode opcode, ReadOnlySpan<byte> part, bool last) =>
            Parts.Add($"{opcode} {part.Length} {last}");

        public override bool Fill(Handle connection, SendBatch batch) => OnFill is not null && OnFill(batch);

        public override void Drained(Handle connection)
        {
            DrainedCount++;
            OnDrained?.Invoke(connection);
        }

        public override void Closed(Handle connection, ushort code) => ClosedCodes.Add(code);
    }
}
