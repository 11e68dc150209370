using Sluice.Channels.Wire;
using Sluice.Loop;

namespace Sluice.Channels;

/// <summary>A loop's copy of a channel's log, by reference, and the readers that this loop has of it.</summary>
/// <remarks>Not live until its feed has come for the first time; from then on it holds everything that the owner keeps, so a
/// subscriber's recovery is answered from here. It ends with its last reader.</remarks>
internal sealed class Mirror(Hub hub, string name, ChannelOptions options) : RunItem
{
    private ReaderList _readers;
    private int _protobufReaders;
    private int _passIndex;
    private bool _passAgain;
    private ulong _keptFloor;
    private ulong _liveFloor;

    public string Name => name;

    public ChannelOptions Options => options;

    /// <summary>The entries; null until live.</summary>
    public ChannelLog? Log { get; set; }

    public Feed? Feed { get; set; }

    /// <summary>Subscribe commands that wait for the mirror to be live, or to reach the position that they come from.</summary>
    public List<PendingSubscribe>? Waiting { get; set; }

    public int ReaderCount => _readers.Count;

    /// <summary>The formats that its readers read.</summary>
    public WireFormats Wants => (_protobufReaders > 0 ? WireFormats.Protobuf : WireFormats.None)
        | (_protobufReaders < _readers.Count ? WireFormats.Json : WireFormats.None);

    /// <summary>Adds a subscription, by index.</summary>
    /// <returns>Its place.</returns>
    public int AddReader(int subscription, WireFormat format)
    {
        _protobufReaders += (int)format;
        return _readers.Add(subscription);
    }

    /// <summary>Removes the reader at a place; the last one moves there.</summary>
    /// <returns>The subscription that moved, or -1.</returns>
    public int RemoveReader(int place, WireFormat format)
    {
        _protobufReaders -= (int)format;
        _passAgain |= _passIndex > 0; // the one that moves may not have had its turn in this pass
        return _readers.RemoveAt(place);
    }

    /// <summary>Floors that the owner has told: they are taken over when every reader that takes has had its turn.</summary>
    public void RaiseFloors(ulong keptFloor, ulong liveFloor)
    {
        _keptFloor = keptFloor;
        _liveFloor = liveFloor;
        if (_readers.Count == 0 || keptFloor > Log!.Tip)
        {
            Log!.Drop(keptFloor, liveFloor); // what was dropped before it came here is a gap, and the readers are told
        }
        else if (keptFloor > Log.KeptFloor || liveFloor > Log.LiveFloor)
        {
            hub.Loop.Run(this);
        }
    }

    /// <summary>There are new entries: every reader gets its turn, after the present pass if one is under way.</summary>
    public void Announce()
    {
        _passAgain = true;
        hub.Loop.Run(this);
    }

    /// <summary>Serves the next readers of the pass.</summary>
    public override bool RunQuantum()
    {
        if (_passIndex == 0)
        {
            _passAgain = false;
        }
        int end = Math.Min(_passIndex + ConnectionsPerQuantum, _readers.Count);
        while (_passIndex < Math.Min(end, _readers.Count))
        {
            // Serving may end this reader, and another take its place: that one is served by the next pass.
            hub.ServeReader(_readers[_passIndex++]);
        }
        if (_passIndex < _readers.Count)
        {
            return true;
        }
        _passIndex = 0;
        if (!_passAgain)
        {
            Log?.Drop(_keptFloor, _liveFloor);
        }
        return _passAgain;
    }
}

/// <summary>A mirror's readers, dense; the first without an array, since most channels have one.</summary>
internal struct ReaderList
{
    private int _first;
    private int[]? _more;

    public int Count { get; private set; }

    public readonly int this[int index] => index == 0 ? _first : _more![index - 1];

    public int Add(int reader)
    {
        if (Count > 0 && (_more is null || Count > _more.Length))
        {
            Array.Resize(ref _more, _more is null ? 4 : _more.Length + Math.Max(4, _more.Length / 2));
        }
        Set(Count, reader);
        return Count++;
    }

    /// <summary>Removes the reader at an index by moving the last one there; answers which moved, or -1.</summary>
    public int RemoveAt(int index)
    {
        int moved = this[--Count];
        if (index == Count)
        {
            return -1;
        }
        Set(index, moved);
        return moved;
    }

    private void Set(int index, int reader)
    {
        if (index == 0)
        {
            _first = reader;
        }
        else
        {
            _more![index - 1] = reader;
        }
    }
}
