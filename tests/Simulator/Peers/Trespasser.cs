using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>Goes beyond one limit of the loop's on each connection, and has to be rid of in time.</summary>
internal sealed class Trespasser(World world, string name, string path, Scenario scenario) : WebSocketPeer(world, name, path, scenario)
{
    private const int Goes = OwnActs;
    private const int GoesOn = OwnActs + 1;
    private const int Judges = OwnActs + 2;

    private const int MessageBytes = 20_000;
    private const int SippedMessages = 4; // together more than the network holds
    private const int SipBytes = 8;
    private const int SlackMs = 2_000; // for ways there and back, reviews that come a tick late, and a loop that has others to serve

    private static readonly Trespass[] s_kinds = Enum.GetValues<Trespass>();

    private Trespass _kind;
    private bool _dripsFrames;
    private int _number;
    private bool _leaving;

    private enum Trespass
    {
        /// <summary>Begins a message and sends it byte by byte: in one frame, or in as many, with pings between.</summary>
        Drips,

        /// <summary>Begins a message, sends much of it, and no more.</summary>
        Hoards,

        /// <summary>Pings and pings.</summary>
        Pings,

        /// <summary>Neither reads nor says anything.</summary>
        IsSilent,

        /// <summary>Has much sent to it and reads it a few bytes at a time.</summary>
        Sips,
    }

    public bool IsGone => !HasConnection;

    public void Start(int inMs) => Later(inMs, Goes);

    /// <summary>Does it no more, and comes back no more.</summary>
    public void Leave()
    {
        _leaving = true;
        Resume();
        Later(0, Goes);
    }

    protected override void Greet()
    {
        _kind = World.Prng.Pick<Trespass>(s_kinds);
        Later(BoundMs, Judges, _number);
        switch (_kind)
        {
            case Trespass.Drips:
                _dripsFrames = World.Prng.Chance(500);
                Send(_dripsFrames ? Fragment(Opcode.Binary, 1) : Header());
                break;
            case Trespass.Hoards:
                Send(Fragment(Opcode.Binary, World.Prng.Between(MessageBytes / 2, MessageBytes)));
                break;
            case Trespass.Pings:
                for (int left = Limits.ControlFramesBurst + (Limits.ControlFramesPerSecond * SlackMs / 1_000); left > 0; left--)
                {
                    Ping();
                }
                break;
            case Trespass.IsSilent:
                StopReading();
                break;
            case Trespass.Sips:
                StopReading();
                byte[] message = new byte[MessageBytes];
                World.Prng.Fill(message); // that nobody can compress it
                for (int left = SippedMessages; left > 0; left--)
                {
                    Send(Opcode.Binary, message);
                }
                break;
        }
        Later(1, GoesOn, _number);
    }

    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message) =>
        Violation.Unless(_kind == Trespass.Sips, "an echo without a message");

    protected override void Closed(int code, string reason)
    {
        bool? expected = (code, reason) switch
        {
            (CloseCodes.PolicyViolation, "slow") => _kind is Trespass.Drips or Trespass.Hoards or Trespass.Sips || Scenario.SomethingFailed,
            (CloseCodes.PolicyViolation, "too many control frames") => _kind == Trespass.Pings,
            (CloseCodes.TryAgainLater, _) => Scenario.Settings.IsPoor,
            (CloseCodes.GoingAway, "no pong") => _kind is Trespass.IsSilent or Trespass.Sips || Scenario.SomethingFailed,
            (CloseCodes.GoingAway, "shutdown") => Scenario.IsShuttingDown,
            (CloseCodes.Normal, _) => _leaving,
            _ => code == CloseCodes.Abnormal,
        };
        Violation.Unless(expected == true, $"{Name}, who {_kind}, was closed with {code} {reason}");
        if (code == CloseCodes.TryAgainLater)
        {
            World.Reach(Milestone.Shed);
        }
        else if (code == CloseCodes.PolicyViolation)
        {
            World.Reach(_kind == Trespass.Pings ? Milestone.ClosedForControlFrames : Milestone.ClosedWithoutProgress);
        }
    }

    protected override void Act(int what, long argument)
    {
        switch (what)
        {
            case Goes when !HasConnection:
                if (_leaving)
                {
                    return;
                }
                _number++;
                Open();
                break;
            case Goes when _leaving && IsOpen && _kind is not (Trespass.Drips or Trespass.Hoards):
                Close(CloseCodes.Normal);
                break;
            case GoesOn when argument == _number && HasConnection && !_leaving:
                GoOn();
                break;
            case Judges when argument == _number && HasConnection:
                Judge();
                break;
        }
        if (what == Goes)
        {
            Later(World.Prng.Between(10, 500), Goes);
        }
    }

    private EventLoopOptions Limits => Scenario.Settings.Loop;

    /// <summary>Within which the server must have given the connection up, whatever this peer does about it.</summary>
    private int BoundMs => SlackMs + Limits.CloseTimeoutMs + Limits.LingerTimeoutMs + _kind switch
    {
        Trespass.Drips or Trespass.Hoards => 2 * Limits.ProgressTimeoutMs,
        Trespass.Pings => SlackMs,
        Trespass.IsSilent => Limits.PingAfterMs + (2 * Limits.PongTimeoutMs),
        _ => (2 * Limits.StallTimeoutMs) + Limits.CloseDurationMsMax,
    };

    private void GoOn()
    {
        if (_kind == Trespass.Drips)
        {
            Send(_dripsFrames ? Fragment(Opcode.Continuation, 1) : [0]);
            if (_dripsFrames && World.Prng.Chance(300))
            {
                Ping();
            }
            Later(World.Prng.Between(50, 300), GoesOn, _number);
        }
        else if (_kind == Trespass.Sips)
        {
            Sip(SipBytes);
            // Half of what it would have to take.
            Later(2 * SipBytes * Limits.StallTimeoutMs / Limits.ProgressBytesMin, GoesOn, _number);
        }
    }

    private void Judge()
    {
        Violation.Unless(IsLeft || _leaving || Scenario.SomethingFailed, $"{Name}, who {_kind}, still has its connection");
        if (IsLeft && _kind == Trespass.IsSilent)
        {
            World.Reach(Milestone.LetGoAsDead);
        }
        else if (IsLeft && _kind == Trespass.Sips)
        {
            World.Reach(Milestone.LetGoAsStalled);
        }
    }

    // A whole frame of a message that does not end with it.
    private static byte[] Fragment(Opcode opcode, int count)
    {
        byte[] bytes = new byte[FrameHeader.BytesMax + count];
        int header = FrameHeader.Write(bytes, opcode, final: false, count, mask: 0);
        return bytes[..(header + count)];
    }

    private static byte[] Header()
    {
        byte[] bytes = new byte[FrameHeader.BytesMax];
        return bytes[..FrameHeader.Write(bytes, Opcode.Binary, final: true, MessageBytes, mask: 0)];
    }
}
