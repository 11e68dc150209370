using System.Buffers.Binary;
using System.Net;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>How a newcomer is received.</summary>
internal enum Admission : byte
{
    Welcome,

    /// <summary>Its address has too many connections, or makes them too fast: it is told so in answer to its request.</summary>
    Limited,

    /// <summary>Its address has too many handshakes under way to wait for another request.</summary>
    Refused,
}

/// <summary>What a connection has of its address's allowance; it must be given back.</summary>
/// <param name="Value">The census' row and two bits, what <see cref="Connection.Place"/> keeps. 0: nothing.</param>
internal readonly record struct Place(int Value)
{
    private const int ConnectionBit = 1;
    private const int HandshakeBit = 2;

    public static Place At(int row, bool connection) => new((row << 2) | HandshakeBit | (connection ? ConnectionBit : 0));

    public int Row => Value >> 2;

    public bool HoldsConnection => (Value & ConnectionBit) != 0;

    public bool HoldsHandshake => (Value & HandshakeBit) != 0;

    /// <summary>Whether it came as <see cref="Admission.Limited"/>.</summary>
    public bool IsLimited => HoldsHandshake && !HoldsConnection;

    /// <summary>The part that is given back when the handshake is done.</summary>
    public Place Handshake => HoldsHandshake ? new(Value & ~ConnectionBit) : default;

    /// <summary>The part that is kept then.</summary>
    public Place Connected => HoldsConnection ? new(Value & ~HandshakeBit) : default;
}

/// <summary>How many connections each address has, on all loops of a group, and how fast it makes them.</summary>
/// <remarks>
/// <para><b>Owner.</b> The loop that accepts. It takes a place for each connection before it deals it; the loop that has the
/// connection gives it back, by a message if it is another one (<see cref="Courier{T}"/>).</para>
/// <para><b>What is one address.</b> An IPv4 address; of IPv6 the first 64 bits, since a subscriber has all the others. Peers
/// without an address are one together.</para>
/// <para><b>Memory.</b> About 120 bytes for each address that has connections, or has had some and not yet its full allowance
/// again; of the latter <see cref="RestingMax"/> at most are remembered.</para>
/// </remarks>
internal sealed class AddressCensus
{
    private const int RestingMax = 1 << 16;
    private const int SweepMax = 16; // at each newcomer, so that forgetting keeps up with remembering

    private readonly EventLoopOptions _options;
    private readonly (UInt128 Network, UInt128 Mask)[] _trusted;
    private readonly Dictionary<UInt128, int> _rowOf = [];
    private readonly Slab<Row> _rows = new();
    private readonly Queue<Handle> _resting = new(); // without a connection, and perhaps not yet with its full allowance

    private AddressCensus(EventLoopOptions options)
    {
        _options = options;
        _trusted = [.. options.TrustedProxies.Select(RangeOf)];
    }

    /// <summary>How many connections and handshakes it has counted and not been given back.</summary>
    public int PlacesHeld { get; private set; }

    /// <returns>Null where nothing is limited: then nothing is counted.</returns>
    public static AddressCensus? For(EventLoopOptions options) =>
        options.ConnectionsPerAddressMax > 0 || options.HandshakesPerAddressMax > 0 || options.HandshakesPerAddress.IsLimited ? new(options) : null;

    /// <summary>Counts a newcomer.</summary>
    /// <param name="address">As in <see cref="CompletionKind.Accepted"/>.</param>
    /// <param name="nowMs">The present.</param>
    /// <param name="place">What it takes; nothing, if refused or trusted.</param>
    public Admission Enter(ReadOnlySpan<byte> address, long nowMs, out Place place)
    {
        UInt128 value = BinaryPrimitives.ReadUInt128BigEndian(address);
        place = default;
        if (Array.Exists(_trusted, range => (value & range.Mask) == range.Network))
        {
            return Admission.Welcome;
        }
        Sweep(nowMs);
        int index = Find(KeyOf(value));
        ref Row row = ref _rows[index];
        if (_options.HandshakesPerAddressMax > 0 && row.Handshakes >= _options.HandshakesPerAddressMax)
        {
            return Admission.Refused;
        }
        bool isLimited = (_options.ConnectionsPerAddressMax > 0 && row.Connections >= _options.ConnectionsPerAddressMax)
            || (_options.HandshakesPerAddress.IsLimited && !row.Handshaking.TryTake(nowMs, _options.HandshakesPerAddress));
        place = Place.At(index, connection: !isLimited);
        Count(ref row, place, 1);
        return isLimited ? Admission.Limited : Admission.Welcome;
    }

    /// <summary>Takes back what a connection had, or a part of it.</summary>
    public void Leave(Place place, long nowMs)
    {
        ref Row row = ref _rows[place.Row];
        Count(ref row, place, -1);
        if (row.Connections > 0 || row.Handshakes > 0)
        {
            return;
        }
        if (row.Handshaking.FullAtMs <= nowMs)
        {
            Forget(place.Row);
        }
        else if (!row.IsResting)
        {
            row.IsResting = true;
            _resting.Enqueue(_rows.HandleAt(place.Row));
        }
    }

    private void Count(ref Row row, Place place, int sign)
    {
        int connections = place.HoldsConnection ? sign : 0;
        int handshakes = place.HoldsHandshake ? sign : 0;
        row.Connections += connections;
        row.Handshakes += handshakes;
        PlacesHeld += connections + handshakes;
        Invariant.Check(row.Connections >= 0 && row.Handshakes >= 0, "a place is given back once");
    }

    private int Find(UInt128 key)
    {
        if (!_rowOf.TryGetValue(key, out int index))
        {
            index = _rows.Add().Index;
            _rows[index].Key = key;
            _rowOf.Add(key, index);
        }
        return index;
    }

    private void Sweep(long nowMs)
    {
        for (int i = 0; i < SweepMax && _resting.TryPeek(out Handle oldest); i++)
        {
            if (_rows.Contains(oldest))
            {
                ref Row row = ref _rows[oldest.Index];
                bool isBack = row.Connections > 0 || row.Handshakes > 0;
                if (!isBack && row.Handshaking.FullAtMs > nowMs && _resting.Count <= RestingMax)
                {
                    return;
                }
                row.IsResting = false;
                if (!isBack)
                {
                    Forget(oldest.Index);
                }
            }
            _resting.Dequeue();
        }
    }

    private void Forget(int index)
    {
        _rowOf.Remove(_rows[index].Key);
        _rows.Remove(index);
    }

    private static bool IsIPv4(UInt128 address) => address >> 32 == 0xFFFF;

    private static UInt128 KeyOf(UInt128 address) => IsIPv4(address) ? address : address >> 64 << 64;

    private static (UInt128 Network, UInt128 Mask) RangeOf(IPNetwork network)
    {
        int bits = network.PrefixLength + (network.BaseAddress.GetAddressBytes().Length == sizeof(uint) ? 96 : 0);
        UInt128 mask = bits == 0 ? 0 : UInt128.MaxValue << (128 - bits);
        return (BinaryPrimitives.ReadUInt128BigEndian(network.BaseAddress.MapToIPv6().GetAddressBytes()) & mask, mask);
    }

    private struct Row
    {
        public UInt128 Key;
        public TokenBucket Handshaking;
        public int Connections;
        public int Handshakes;
        public bool IsResting;
    }
}
