using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>Whatever an endpoint may do, at any moment at which it may: messages whole and in parts, to the one who asks and to others
/// of this loop, holding and resuming them.</summary>
internal sealed class RelayEndpoint(EventLoop loop, SimulatedSystem system, World world, RelayBook book) : Endpoint(Scenario.RelayPath)
{
    /// <summary>Of which there are many at once.</summary>
    public const int BurstMessageBytesMax = 6_000;

    /// <summary>With what it closes a connection.</summary>
    public static ReadOnlySpan<byte> Goodbye => "goodbye"u8;

    private const int BurstMax = 20;
    private const int HoldMsMax = 300;
    private const int ActsMax = 3;

    private readonly Prng _prng = world.Prng;
    private readonly List<Ledger> _known = [];

    public override void Opened(Handle connection)
    {
    }

    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
        Ledger ledger = book[Ledger.NumberOf(message)];
        if (ledger.Server is null)
        {
            ledger.Bind(connection, system.EndOf(connection.Value));
            _known.Add(ledger);
        }
        Violation.Unless(ledger.Connection == connection, "a command came over another's connection");
        CheckHeld(ledger);
        ledger.Receive(message);
        Do(ledger);
    }

    public override void Drained(Handle connection)
    {
        Ledger? ledger = Find(connection);
        world.Trace.Note(world.Now, "relay", "drained", ledger?.Number ?? -1);
        Violation.Unless(ledger is { MayDrain: true }, "drained, though nobody was told to wait");
        world.Reach(Milestone.Drained);
        ledger.MayDrain = ledger.OwesDrained = false;
        GoOn(ledger);
        if (!book.IsQuiet && _prng.Chance(300))
        {
            SendWhole(ledger, _prng.Between(0, book.MessageBytesMax));
        }
    }

    public override void TimerFired(Handle connection)
    {
        Ledger ledger = Find(connection)!;
        Resume(ledger);
        if (!ledger.OwesDrained)
        {
            GoOn(ledger); // else it is told when
        }
        if (_prng.Chance(300))
        {
            Do(ledger);
        }
    }

    public override void Closed(Handle connection, ushort code)
    {
        if (Find(connection) is { } ledger)
        {
            ledger.IsEnded = true;
            _known.Remove(ledger);
        }
    }

    private Ledger? Find(Handle connection) => _known.Find(ledger => ledger.Connection == connection);

    private void Do(Ledger asks)
    {
        for (int left = book.IsQuiet ? 0 : _prng.Between(0, ActsMax); left > 0; left--)
        {
            Ledger to = _prng.Chance(500) ? asks : _known[_prng.Below(_known.Count)];
            if (to != asks)
            {
                world.Reach(Milestone.SentToAnother);
            }
            switch (_prng.Below(50))
            {
                case 0:
                    loop.Close(to.Connection, CloseCodes.Normal, Goodbye);
                    break;
                case < 10:
                    SendWhole(to, _prng.Between(0, _prng.Chance(200) ? book.MessageBytesMax : 200));
                    break;
                case < 18:
                    SendMany(to);
                    break;
                case < 26:
                    Begin(to);
                    break;
                case < 34:
                    Hold(to);
                    break;
                case < 42:
                    Resume(to);
                    break;
                default:
                    GoOn(to);
                    break;
            }
        }
    }

    private void SendMany(Ledger to)
    {
        int length = _prng.Between(0, BurstMessageBytesMax);
        for (int left = _prng.Between(2, BurstMax); left > 0; left--)
        {
            SendWhole(to, length);
        }
    }

    private void SendWhole(Ledger to, int length)
    {
        Mailing mailing = to.Offer(DrawOpcode(), length);
        byte[] payload = to.PayloadOf(mailing);
        bool wasBlocked = loop.IsBlocked(to.Connection);
        SendResult result = _prng.Chance(200)
            ? loop.SendShared(to.Connection, SharedMessage.Of(mailing.Opcode, payload))
            : loop.Send(to.Connection, mailing.Opcode, payload, _prng.Chance(500) ? SendOptions.Uncompressed : SendOptions.None);
        bool isOpen = loop.IsOpen(to.Connection);
        if (result == SendResult.Refused && isOpen)
        {
            Violation.Unless(Overflow != OverflowPolicy.Close, "a message was refused, and the connection goes on");
            world.Reach(Milestone.DroppedNewest);
        }
        to.Answer(mailing, mailing.Length, result, isOpen, wasBlocked);
    }

    private void Begin(Ledger to)
    {
        if (!to.IsSending && to.InParts is null)
        {
            to.InParts = to.Offer(DrawOpcode(), _prng.Between(0, Math.Max(book.MessageBytesMax, BurstMessageBytesMax)));
            GoOn(to);
        }
    }

    // Parts of a message until it ends, or no more is taken, or by chance.
    private void GoOn(Ledger to)
    {
        if (to.IsSending)
        {
            return; // whoever is sending goes on
        }
        to.IsSending = true;
        while (to.InParts is { } mailing && SendPart(to, mailing) == SendResult.Sent && !_prng.Chance(200))
        {
        }
        to.IsSending = false;
        if (to.InParts is not null)
        {
            loop.SetTimer(to.Connection, loop.Now + _prng.Between(1, HoldMsMax));
        }
    }

    private SendResult SendPart(Ledger to, Mailing mailing)
    {
        int count = _prng.Between(mailing.IsBegun ? 1 : 0, mailing.Length - mailing.Accepted); // a client takes few that are empty
        bool isLast = count == mailing.Length - mailing.Accepted;
        bool hasWaiting = to.HasWaiting;
        to.Note(mailing);
        SendResult result = loop.SendPart(to.Connection, mailing.Opcode, to.PayloadOf(mailing).AsSpan(mailing.Accepted, count), isLast);
        bool isOpen = loop.IsOpen(to.Connection);
        to.Answer(mailing, count, result, isOpen, wasBlocked: true);
        if (result == SendResult.Refused && isOpen)
        {
            world.Reach(Milestone.PartRefused);
        }
        if (result != SendResult.Refused && isLast)
        {
            world.Reach(Milestone.SentInParts);
            if (hasWaiting && isOpen)
            {
                to.Owe();
            }
            to.MayDrain |= to.IsFollowed;
            to.HasWaiting = to.IsFollowed = false;
        }
        if (mailing.IsRefused || (result != SendResult.Refused && isLast))
        {
            to.InParts = null;
        }
        return result;
    }

    private void Hold(Ledger ledger)
    {
        if (ledger.HeldAt is null && loop.IsOpen(ledger.Connection))
        {
            loop.Hold(ledger.Connection);
            ledger.HeldAt = ledger.Server!.ReadTotal;
            loop.SetTimer(ledger.Connection, loop.Now + _prng.Between(1, HoldMsMax));
        }
    }

    private void Resume(Ledger ledger)
    {
        CheckHeld(ledger);
        ledger.HeldAt = null;
        loop.Resume(ledger.Connection);
    }

    private void CheckHeld(Ledger ledger)
    {
        if (ledger.HeldAt is { } heldAt && loop.IsOpen(ledger.Connection) && !ledger.Server!.Broken)
        {
            world.Reach(Milestone.Held);
            Violation.Unless(ledger.Server.ReadTotal == heldAt, "a peer was read that is held");
        }
    }

    private Opcode DrawOpcode() => _prng.Chance(500) ? Opcode.Text : Opcode.Binary;
}
