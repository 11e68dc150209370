using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A network whose peers have one address: of IPv6, its first half.</summary>
internal sealed class Neighbourhood(UInt128 number, int connectionsMax)
{
    /// <summary>Those whose handshake is done.</summary>
    public List<Neighbour> Inside { get; } = [];

    public UInt128 AnyAddress(Prng prng) => (number << 64) | prng.Next();

    public void Enter(Neighbour neighbour)
    {
        Inside.Remove(neighbour);
        Inside.Add(neighbour);
        Inside.RemoveAll(static other => other.HasLeft);
        Violation.Unless(connectionsMax == 0 || Inside.Count <= connectionsMax, "an address has more connections than it may have");
    }
}

/// <summary>Comes, stays a while and goes, as others of its address do.</summary>
internal sealed class Neighbour(World world, string name, string path, Scenario scenario, Neighbourhood neighbourhood)
    : WebSocketPeer(world, name, path, scenario)
{
    private const int Goes = OwnActs;

    private bool _leaving;

    public bool IsGone => !HasConnection;

    /// <summary>Whether the server has nothing of it any more.</summary>
    public bool HasLeft => IsLeft || !IsUpgraded;

    public void Start(int inMs) => Later(inMs, Goes);

    public void Leave()
    {
        _leaving = true;
        Resume();
    }

    protected override bool MayBeRefused(int status)
    {
        if (status == 429)
        {
            World.Reach(Milestone.LimitedByAddress);
        }
        return status == 429 ? Scenario.Settings.CountsAddresses : base.MayBeRefused(status);
    }

    protected override void Greet()
    {
    }

    protected override void Upgraded() => neighbourhood.Enter(this);

    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message) => Violation.Found("an echo without a message");

    protected override void Closed(int code, string reason)
    {
        bool expected = (code, reason) switch
        {
            (CloseCodes.Normal or CloseCodes.Abnormal, _) => true,
            (CloseCodes.GoingAway, "shutdown") => Scenario.IsShuttingDown,
            (CloseCodes.GoingAway, "no pong") or (CloseCodes.PolicyViolation, "slow") => Scenario.SomethingFailed,
            _ => Scenario.Settings.IsPoor && code == CloseCodes.TryAgainLater,
        };
        Violation.Unless(expected, $"{Name} was closed with {code} {reason}");
    }

    protected override void Act(int what, long argument)
    {
        if (!HasConnection)
        {
            if (_leaving)
            {
                return;
            }
            Address = neighbourhood.AnyAddress(World.Prng);
            Open();
        }
        else if (IsOpen && (_leaving || World.Prng.Chance(300)))
        {
            if (World.Prng.Chance(500))
            {
                Close(CloseCodes.Normal);
            }
            else
            {
                HangUp();
            }
        }
        Later(World.Prng.Between(1, 400), Goes);
    }
}
