using System.Text;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A client that breaks one rule of the frames or of the native wire, and has to be told which.</summary>
internal sealed class HostileClient(World world, string name, string path, Scenario scenario) : WebSocketPeer(world, name, path, scenario)
{
    private const int Goes = OwnActs;
    private const int GoesOn = OwnActs + 1;
    private const string ConnectLine = "{\"id\":1,\"connect\":{}}\n";

    // What is said, and the close code that has to follow.
    private static readonly (string Text, int Code)[] s_commands =
    [
        ("", 3501),
        ("{}", 3501),
        ("not JSON", 3501),
        ("[]", 3501),
        ("{\"id\":1,\"connect\":{}", 3501),
        ("{\"id\":1,\"subscribe\":{\"channel\":\"keep:a\"}}", 3501),
        ("{\"id\":1,\"connect\":{\"token\":\"x\"}}", 3500),
        (ConnectLine + "{\"id\":2,\"connect\":{}}", 3501),
        (ConnectLine + "{}", 3501),
        (ConnectLine + "\n{\"id\":2,\"unsubscribe\":{\"channel\":\"keep:a\"}}", 3501),
        (ConnectLine + "{\"id\":2}", 3501),
        (ConnectLine + "{\"id\":2,\"ping\":{}}", 3501),
        (ConnectLine + "{\"id\":2,\"subscribe\":{\"channel\":\"\"}}", 3501),
        (ConnectLine + "{\"id\":2,\"publish\":{\"data\":1}}", 3501),
        (ConnectLine + "{\"id\":\"2\",\"publish\":{}}", 3501),
        (ConnectLine + "{\"id\":2,\"subscribe\":{\"channel\":\"keep:a\",\"delta\":\"x\"}}", 3501),
        (ConnectLine + "{\"send\":{\"data\":1}}", 3508),
    ];

    // Frames in hexadecimal, with a mask key of zero unless they are to have none.
    private static readonly (string Frame, int Code)[] s_frames =
    [
        ("8100", CloseCodes.ProtocolError), // not masked
        ("a18000000000", CloseCodes.ProtocolError), // a reserved bit
        ("c98000000000", CloseCodes.ProtocolError), // a compressed ping
        ("838000000000", CloseCodes.ProtocolError), // no such opcode
        ("808000000000", CloseCodes.ProtocolError), // a continuation of nothing
        ("098000000000", CloseCodes.ProtocolError), // half a ping
        ("89fe007e00000000", CloseCodes.ProtocolError), // a long ping
        ("88810000000003", CloseCodes.ProtocolError), // half a close code
        ("88820000000003ed", CloseCodes.ProtocolError), // a close code that nobody may send
        ("818100000000ff", CloseCodes.InvalidPayload), // not UTF-8
        ("81ff000000007fffffff00000000", CloseCodes.MessageTooBig),
        ("81ff800000000000000000000000", CloseCodes.ProtocolError), // a negative length
        ("81fe000100000000", CloseCodes.ProtocolError), // a long way to say 1
    ];

    private int _expected;
    private bool _leaving;

    public bool IsGone => !HasConnection;

    public void Start(int inMs) => Later(inMs, Goes);

    public void Leave()
    {
        _leaving = true;
        Resume();
    }

    protected override void Greet()
    {
        if (World.Prng.Chance(500))
        {
            (string text, _expected) = World.Prng.Pick<(string, int)>(s_commands);
            Send(Opcode.Text, Encoding.UTF8.GetBytes(text));
        }
        else
        {
            (string frame, _expected) = World.Prng.Pick<(string, int)>(s_frames);
            Send(Convert.FromHexString(frame));
        }
        if (World.Prng.Chance(300))
        {
            Later(World.Prng.Between(0, 100), GoesOn);
        }
        else if (World.Prng.Chance(300))
        {
            EndWriting(); // it still wants to hear why
        }
    }

    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message)
    {
    }

    protected override void Closed(int code, string reason)
    {
        bool lost = code is CloseCodes.Abnormal or 3502 or 3008 or CloseCodes.TryAgainLater or CloseCodes.PolicyViolation
            && (Scenario.SomethingFailed || Scenario.Settings.IsCrowded || Scenario.Settings.IsPoor);
        bool shut = code is CloseCodes.Abnormal or 3001 && Scenario.IsShuttingDown;
        if (code == _expected)
        {
            World.Reach(Milestone.ClosedByRule);
        }
        else if (!lost && !shut)
        {
            Violation.Found($"{Name} expected to be closed with {_expected} and was with {code} {reason}");
        }
    }

    protected override void Lost()
    {
        base.Lost();
        Later(World.Prng.Between(100, 5_000), Goes);
    }

    protected override void Act(int what, long argument)
    {
        if (what == GoesOn && IsOpen)
        {
            Ping(); // as one who has not noticed yet
        }
        else if (what == Goes && !_leaving && !HasConnection)
        {
            Open();
        }
    }
}
