using System.Buffers.Binary;
using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>A limit that is given and not kept. Only some seeds have a peer that goes beyond it while nothing else goes wrong.</summary>
internal abstract class LooseLimit : Canary
{
    public override ulong SeedsMax => 200;
}

/// <summary>Control frames cost nothing.</summary>
internal sealed class FreeControlFrames : LooseLimit
{
    public override EventLoopOptions Instead(EventLoopOptions options) => options with { ControlFramesPerSecond = 0 };
}

/// <summary>A message may take for ever, as if the pings within it were progress.</summary>
internal sealed class EndlessMessages : LooseLimit
{
    public override EventLoopOptions Instead(EventLoopOptions options) => options with { ProgressTimeoutMs = 0 };
}

/// <summary>Nobody asks whether a silent peer is alive.</summary>
internal sealed class NoPings : LooseLimit
{
    public override EventLoopOptions Instead(EventLoopOptions options) => options with { PingAfterMs = 0 };
}

/// <summary>A byte is progress enough for whoever does not take what waits.</summary>
internal sealed class EveryByteIsProgress : LooseLimit
{
    public override EventLoopOptions Instead(EventLoopOptions options) => options with { ProgressBytesMin = 1 };
}

/// <summary>Any number of bytes may wait for a peer.</summary>
internal sealed class EndlessOutboxes : LooseLimit
{
    public override EventLoopOptions Instead(EventLoopOptions options) => options with { UnsentBytesMax = int.MaxValue };
}

/// <summary>The peers of one address are taken for those of many.</summary>
internal sealed class StrangeAddresses : LooseLimit
{
    public override ISystem Around(ISystem system) => new Faulty(system);

    private sealed class Faulty(ISystem inner) : ForwardingSystem(inner)
    {
        private ulong _accepted;

        public override bool Next(long deadlineMs, out Completion completion)
        {
            bool found = Inner.Next(deadlineMs, out completion);
            if (found && completion.Kind == CompletionKind.Accepted)
            {
                BinaryPrimitives.WriteUInt64BigEndian(completion.Buffer.AsSpan(completion.Offset), ++_accepted);
            }
            return found;
        }
    }
}
