using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>Gives the relay its occasions to send, looks at everything it gets, and takes a rest from reading once in a while.</summary>
internal sealed class RelayPeer(World world, string name, Scenario scenario, RelayBook book) : WebSocketPeer(world, name, Scenario.RelayPath, scenario)
{
    private const int Goes = OwnActs;
    private const int ReadsOn = OwnActs + 1;
    private const int RestMsMax = 700;
    private const int OutstandingMax = 4;

    private Ledger _ledger = null!;
    private bool _leaving;

    public bool IsGone => !HasConnection;

    public void Start(int inMs) => Later(inMs, Goes);

    /// <summary>Asks for nothing further, and closes when it has got everything.</summary>
    public void Leave()
    {
        _leaving = true;
        Resume();
    }

    public override string ToString() => $"{base.ToString()}, {_ledger}";

    protected override void Greet() => Send(Opcode.Text, _ledger.NextCommand());

    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message) => _ledger.See(opcode, message, IsPlain);

    protected override void Closed(int code, string reason)
    {
        if (reason is "goodbye" or "shutdown")
        {
            _ledger.SeeGoodbye();
        }
        bool expected = (code, reason) switch
        {
            (CloseCodes.Normal or CloseCodes.Abnormal, _) => true,
            (CloseCodes.GoingAway, "shutdown") => Scenario.IsShuttingDown,
            (CloseCodes.GoingAway, "no pong") => Scenario.SomethingFailed,
            (CloseCodes.PolicyViolation, "slow") => Scenario.SomethingFailed || (Scenario.Settings.IsTight && book.Overflow == OverflowPolicy.Close),
            (CloseCodes.TryAgainLater, _) => Scenario.Settings.IsPoor,
            _ => false,
        };
        Violation.Unless(expected, $"{Name} was closed with {code} {reason}");
    }

    protected override void Act(int what, long argument)
    {
        if (what == ReadsOn)
        {
            Resume();
            return;
        }
        if (!HasConnection)
        {
            if (_leaving)
            {
                return;
            }
            _ledger = book.Open();
            Open();
        }
        else if (IsOpen)
        {
            Do();
        }
        Later(World.Prng.Between(1, 400), Goes);
    }

    private void Do()
    {
        if (BreaksOff())
        {
            return;
        }
        if (_leaving ? _ledger.IsSettled : World.Prng.Chance(5))
        {
            Close(CloseCodes.Normal);
        }
        else if (!_leaving && World.Prng.Chance(200))
        {
            StopReading();
            Later(World.Prng.Between(1, RestMsMax), ReadsOn);
        }
        else if (!_leaving && _ledger.CommandsSent - _ledger.CommandsReceived < OutstandingMax)
        {
            Send(Opcode.Text, _ledger.NextCommand());
        }
    }
}
