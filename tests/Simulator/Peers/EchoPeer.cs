using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>Sends messages to the echo endpoint and wants each of them back, whole, once, in order.</summary>
internal sealed class EchoPeer(World world, string name, string path, int messageBytesMax, Scenario scenario) : WebSocketPeer(world, name, path, scenario)
{
    private const int Goes = OwnActs;
    private const int OutstandingMax = 8;

    private readonly Queue<Sent> _sent = new();
    private bool _leaving;

    private readonly record struct Sent(Opcode Opcode, ulong Seed, int Length);

    public bool IsGone => !HasConnection;

    public void Start(int inMs) => Later(inMs, Goes);

    /// <summary>Sends nothing further and closes.</summary>
    public void Leave()
    {
        _leaving = true;
        Resume();
    }

    protected override void Greet() => Ping();

    protected override void Message(Opcode opcode, ReadOnlySpan<byte> message)
    {
        Violation.Unless(_sent.TryDequeue(out Sent sent), "an echo without a message");
        Violation.Unless(sent.Opcode == opcode && message.SequenceEqual(Payload(sent)), "an echo differs from its message");
    }

    protected override void Closed(int code, string reason)
    {
        bool expected = (code, reason) switch
        {
            (CloseCodes.Normal or CloseCodes.Abnormal, _) => true,
            (CloseCodes.GoingAway, "shutdown") => Scenario.IsShuttingDown,
            (CloseCodes.GoingAway, "no pong") => Scenario.SomethingFailed,
            (CloseCodes.PolicyViolation, "slow") => Scenario.SomethingFailed || Scenario.Settings.IsTight,
            (CloseCodes.TryAgainLater, _) => Scenario.Settings.IsPoor,
            _ => false,
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
            _sent.Clear();
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
        if (_leaving || World.Prng.Chance(20))
        {
            Close(CloseCodes.Normal);
        }
        else if (World.Prng.Chance(100))
        {
            Ping();
        }
        else if (_sent.Count < OutstandingMax)
        {
            SendNext();
        }
    }

    private void SendNext()
    {
        int length = World.Prng.Chance(100) ? World.Prng.Between(0, messageBytesMax) : World.Prng.Between(0, 200);
        Sent sent = new(World.Prng.Chance(500) ? Opcode.Text : Opcode.Binary, World.Prng.Next(), length);
        _sent.Enqueue(sent);
        if (World.Prng.Chance(700))
        {
            Send(sent.Opcode, Payload(sent));
        }
        else
        {
            SendFragmented(sent.Opcode, Payload(sent), fragmentsMax: 6);
        }
    }

    private static byte[] Payload(Sent sent)
    {
        byte[] bytes = new byte[sent.Length];
        new Prng(sent.Seed).Fill(bytes);
        if (sent.Opcode == Opcode.Text)
        {
            foreach (ref byte b in bytes.AsSpan())
            {
                b = (byte)('a' + (b % 26));
            }
        }
        return bytes;
    }
}
