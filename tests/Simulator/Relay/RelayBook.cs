using Sluice.Loop;

namespace Sluice.Simulator;

/// <summary>The ledgers of all connections of the relay, by their numbers.</summary>
internal sealed class RelayBook(World world, Settings settings)
{
    private readonly List<Ledger> _ledgers = [];

    /// <summary>From now on nothing new is sent.</summary>
    public bool IsQuiet { get; set; }

    public OverflowPolicy Overflow => settings.RelayOverflow;

    public int MessageBytesMax => settings.PayloadBytesMax;

    // What may wait by the limits, the message that goes beyond them, and a batch that is being sent.
    private long WaitingBytesMax =>
        settings.Loop.UnsentBytesMax + settings.Loop.UnsentBytesHigh + Math.Max(MessageBytesMax, RelayEndpoint.BurstMessageBytesMax) + SendBatch.BytesMax;

    public Ledger this[int number]
    {
        get
        {
            Violation.Unless(number >= 0 && number < _ledgers.Count, "a ledger that nobody opened");
            return _ledgers[number];
        }
    }

    public Ledger Open()
    {
        Ledger ledger = new(world, _ledgers.Count, Overflow, WaitingBytesMax);
        _ledgers.Add(ledger);
        return ledger;
    }
}
