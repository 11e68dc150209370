using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>Says of a short send that it took a byte more than it did.</summary>
internal sealed class OverstatedSend : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private Countdown _countdown = new(10);

        public override SendOutcome Send(int socket, byte[] buffer, int offset, int count)
        {
            SendOutcome outcome = Inner.Send(socket, buffer, offset, count);
            bool isShort = outcome.Status == SendStatus.Done && outcome.Count < count - 1;
            return isShort && _countdown.IsUp() ? outcome with { Count = outcome.Count + 1 } : outcome;
        }
    }
}

/// <summary>Says of a send that completes later that it took everything.</summary>
internal sealed class OverstatedCompletion : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private readonly Dictionary<int, int> _pending = [];

        public override SendOutcome Send(int socket, byte[] buffer, int offset, int count)
        {
            SendOutcome outcome = Inner.Send(socket, buffer, offset, count);
            _pending[socket] = outcome.Status == SendStatus.Pending ? count : 0;
            return outcome;
        }

        public override bool Next(long deadlineMs, out Completion completion)
        {
            bool found = Inner.Next(deadlineMs, out completion);
            if (found && completion.Kind == CompletionKind.Sent)
            {
                completion = completion with { Count = _pending[completion.Socket] };
            }
            return found;
        }
    }
}

/// <summary>Says of a send that left no room that there is some.</summary>
internal sealed class OverstatedRoom : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        public override SendOutcome Send(int socket, byte[] buffer, int offset, int count)
        {
            SendOutcome outcome = Inner.Send(socket, buffer, offset, count);
            return outcome.Status == SendStatus.Full ? outcome with { Status = SendStatus.Done } : outcome;
        }
    }
}

/// <summary>Loses a wake-up: what was posted lies there until another one comes.</summary>
internal sealed class LostWake : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private Countdown _countdown = new(50);

        public override void Wake()
        {
            if (!_countdown.IsUp())
            {
                Inner.Wake();
            }
        }
    }
}

/// <summary>Loses a byte between two reads.</summary>
internal sealed class LostByte : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private Countdown _countdown = new(100);

        public override bool Next(long deadlineMs, out Completion completion)
        {
            bool found = Inner.Next(deadlineMs, out completion);
            if (found && completion is { Kind: CompletionKind.Received, Count: > 1 } && _countdown.IsUp())
            {
                completion = completion with { Count = completion.Count - 1 };
            }
            return found;
        }
    }
}

/// <summary>Reads on of a peer that is held.</summary>
internal sealed class IgnoredHold : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        public override void Disarm(int socket)
        {
        }
    }
}

/// <summary>Forgets to close a socket.</summary>
internal sealed class LeakedSocket : Canary
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private Countdown _countdown = new(5);

        public override void Close(int socket)
        {
            if (!_countdown.IsUp())
            {
                Inner.Close(socket);
            }
        }
    }
}

/// <summary>Passes everything on; a canary overrides what it spoils.</summary>
internal abstract class ForwardingSystem(ISystem inner) : ISystem
{
    public long Now => Inner.Now;

    protected ISystem Inner { get; } = inner;

    public void Random(Span<byte> destination) => Inner.Random(destination);

    public virtual bool Next(long deadlineMs, out Completion completion) => Inner.Next(deadlineMs, out completion);

    public void Adopt(int socket, ulong token, bool peek) => Inner.Adopt(socket, token, peek);

    public void Arm(int socket) => Inner.Arm(socket);

    public virtual void Disarm(int socket) => Inner.Disarm(socket);

    public virtual SendOutcome Send(int socket, byte[] buffer, int offset, int count) => Inner.Send(socket, buffer, offset, count);

    public void ShutdownWrite(int socket) => Inner.ShutdownWrite(socket);

    public virtual void Close(int socket) => Inner.Close(socket);

    public void Release(int socket) => Inner.Release(socket);

    public void ResumeAccepting() => Inner.ResumeAccepting();

    public void StopAccepting() => Inner.StopAccepting();

    public virtual void Wake() => Inner.Wake();

    public void Dispose() => Inner.Dispose();
}
