using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>One message that was to be sent over a connection of the relay.</summary>
internal sealed class Mailing(int number, Opcode opcode, int length)
{
    public int Number { get; } = number;

    public Opcode Opcode { get; } = opcode;

    public int Length { get; } = length;

    /// <summary>What the loop has accepted of it.</summary>
    public int Accepted { get; set; }

    /// <summary>Whether the loop has accepted anything, be it nothing's worth.</summary>
    public bool IsBegun { get; set; }

    public bool IsRefused { get; set; }

    /// <summary>What the network had taken of the connection when the last of it was offered.</summary>
    public long TakenBefore { get; set; }

    /// <summary>What is to go before it and was not yet offered then: the rest of a message in parts.</summary>
    public int AheadBytes { get; set; }
}

/// <summary>What is sent over one connection of the relay, and what the two ends see of it: every message is whole, one that was
/// sent here, in order; none is lost but by the policy or with the connection; and no more waits than may.</summary>
internal sealed class Ledger(World world, int number, OverflowPolicy overflow, long waitingBytesMax)
{
    /// <summary>Whose message it is, and which: two numbers of 8 digits.</summary>
    public const int LabelBytes = 16;

    private const int CommandLabel = 1 << 30;

    private static readonly string[] s_resultNames = Enum.GetNames<SendResult>();

    private readonly List<Mailing> _mailings = [];
    private int _next; // the first that the peer may still see
    private long _seenBytes;

    public int Number { get; } = number;

    /// <summary>The connection, once the relay knows whose it is.</summary>
    public Handle Connection { get; private set; }

    /// <summary>The server's end of it.</summary>
    public End? Server { get; private set; }

    /// <summary>The message that is being sent in parts.</summary>
    public Mailing? InParts { get; set; }

    /// <summary>Whether a part is being sent at this moment.</summary>
    public bool IsSending { get; set; }

    /// <summary>Whether <see cref="Endpoint.Drained"/> has to come.</summary>
    public bool OwesDrained { get; set; }

    /// <summary>Whether it may come: also for what was offered behind a message in parts, which owes nothing before its end.</summary>
    public bool MayDrain { get; set; }

    /// <summary>How much had been read of the peer when it was held; null while it is not.</summary>
    public long? HeldAt { get; set; }

    /// <summary>Whether whole messages were offered behind the one in parts.</summary>
    public bool IsFollowed { get; set; }

    /// <summary>Whether whole messages wait for the end of the one in parts.</summary>
    public bool HasWaiting { get; set; }

    public int CommandsSent { get; private set; }

    public int CommandsReceived { get; private set; }

    public bool IsEnded { get; set; }

    /// <summary>Whether nothing is on its way, nor has to come.</summary>
    public bool IsSettled => IsEnded
        || (InParts is null && !OwesDrained && HeldAt is null && CommandsSent == CommandsReceived && IsAllSeen);

    // The newest is dropped for nobody.
    private bool IsAllSeen => _mailings.FindLastIndex(static mailing => !mailing.IsRefused) < _next;

    public override string ToString() =>
        $"ledger {Number}: {_next} of {_mailings.Count} seen, {CommandsReceived} of {CommandsSent} commands, owes drained {OwesDrained}, held {HeldAt is not null}, in parts {InParts is not null}";

    public void Bind(Handle connection, End server) => (Connection, Server) = (connection, server);

    /// <summary>What the peer sends next.</summary>
    public byte[] NextCommand() => Text(CommandLabel + CommandsSent++, LabelBytes + 8);

    /// <summary>Of which ledger a command says to be.</summary>
    public static int NumberOf(ReadOnlySpan<byte> message) => ParseLabel(message).Ledger;

    /// <summary>A command has come.</summary>
    public void Receive(ReadOnlySpan<byte> command) =>
        Violation.Unless(command.SequenceEqual(Text(CommandLabel + CommandsReceived++, LabelBytes + 8)), "a command is not the one that was sent");

    /// <summary>A message is about to be offered.</summary>
    public Mailing Offer(Opcode opcode, int length)
    {
        Mailing mailing = new(_mailings.Count, opcode, Math.Max(length, LabelBytes));
        _mailings.Add(mailing);
        Note(mailing);
        MayDrain |= IsFollowed |= InParts is not null;
        return mailing;
    }

    /// <summary>The last of a message is about to be offered.</summary>
    public void Note(Mailing mailing)
    {
        mailing.TakenBefore = Server!.WrittenTotal;
        mailing.AheadBytes = InParts is null || InParts == mailing ? 0 : InParts.Length - InParts.Accepted;
    }

    public byte[] PayloadOf(Mailing mailing) => Text(mailing.Number, mailing.Length);

    /// <summary>A message of which parts were accepted is not taken out of the order by a refusal; its end is not seen.</summary>
    public void Answer(Mailing mailing, int bytes, SendResult result, bool isOpen, bool wasBlocked)
    {
        world.Trace.Note(world.Now, mailing.Accepted + bytes < mailing.Length ? "part" : "last", s_resultNames[(int)result], Number, mailing.Number);
        if (result != SendResult.Refused)
        {
            mailing.IsBegun = true;
            mailing.Accepted += bytes;
        }
        else
        {
            mailing.IsRefused |= !mailing.IsBegun;
        }
        if (result == SendResult.Sent || !isOpen)
        {
            return;
        }
        if (InParts is null || InParts == mailing || (result == SendResult.Refused && wasBlocked))
        {
            Owe();
        }
        else
        {
            HasWaiting = true;
        }
    }

    /// <summary>From now on <see cref="Endpoint.Drained"/> has to come.</summary>
    public void Owe() => OwesDrained = MayDrain = true;

    /// <summary>The peer has got a message.</summary>
    public void See(Opcode opcode, ReadOnlySpan<byte> message, bool isPlain)
    {
        (int ledger, int number) = ParseLabel(message);
        Violation.Unless(ledger == Number, "a message for somebody else");
        Violation.Unless(number >= _next && number < _mailings.Count, "a message twice, or not in order");
        for (; _next < number; _next++)
        {
            Mailing missed = _mailings[_next];
            bool isDropped = overflow == OverflowPolicy.DropOldest && missed.Accepted == missed.Length;
            Violation.Unless(missed.IsRefused || isDropped, "a message was lost, or overtaken");
            if (!missed.IsRefused)
            {
                world.Reach(Milestone.DroppedOldest);
            }
        }
        Mailing mailing = _mailings[_next++];
        Violation.Unless(!mailing.IsRefused && mailing.Accepted == mailing.Length, "a message that was not accepted");
        Violation.Unless(opcode == mailing.Opcode && message.SequenceEqual(PayloadOf(mailing)), "a message is not the one that was sent");
        _seenBytes += mailing.Length;
        // All that was seen by now had been accepted by then: what the network had not taken, waited.
        long waited = _seenBytes - mailing.AheadBytes - mailing.TakenBefore;
        Violation.Unless(!isPlain || waited <= waitingBytesMax, $"{waited} bytes waited for one peer");
    }

    /// <summary>The peer has got a close frame that came behind all that waited, unless that was in the middle of a message.</summary>
    public void SeeGoodbye() =>
        Violation.Unless(InParts is not null || IsAllSeen, "a goodbye overtook a message");

    private byte[] Text(int label, int length)
    {
        byte[] text = new byte[length];
        new Prng(((ulong)Number << 32) | (uint)label).Fill(text);
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(text.AsSpan());
        foreach (ref ulong word in words)
        {
            word = (word & 0x0F0F0F0F_0F0F0F0F) | 0x60606060_60606060; // letters
        }
        text.AsSpan(words.Length * sizeof(ulong)).Fill((byte)'.');
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Number:x8}{label:x8}"), text);
        return text;
    }

    private static (int Ledger, int Number) ParseLabel(ReadOnlySpan<byte> message)
    {
        int ledger = 0;
        int number = 0;
        bool isOurs = message.Length >= LabelBytes
            && int.TryParse(message[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ledger)
            && int.TryParse(message[8..LabelBytes], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out number);
        Violation.Unless(isOurs, "a message that nobody sent");
        return (ledger, number);
    }
}
