using System.Runtime.InteropServices;
using Sluice.Protocol;

namespace Sluice.Loop;

/// <summary>Connections of one loop that all get the same messages.</summary>
/// <remarks>
/// <para><b>Owner.</b> The loop. A member that closes is removed by whoever added it, in <see cref="Endpoint.Closed"/> at the
/// latest.</para>
/// <para><b>Order.</b> Everybody gets the messages in the order in which they were published, and none twice. Who joins
/// while messages are on their way gets those that are published afterwards, and perhaps these.</para>
/// <para><b>Cost.</b> A pass serves <see cref="RunItem.ConnectionsPerQuantum"/> members in each of its turns, so that others are served
/// between; what gathers meanwhile goes out together in the next pass, by one send to each.</para>
/// <para><b>Bound.</b> At most <see cref="PendingMax"/> messages wait for a pass.</para>
/// </remarks>
public sealed class Audience(EventLoop loop) : RunItem
{
    /// <summary>How many messages may wait for their pass.</summary>
    public const int PendingMax = 1024;

    private readonly List<Handle> _members = [];
    private readonly Dictionary<Handle, int> _places = [];
    private readonly List<SharedMessage> _passing = [];
    private readonly List<SharedMessage> _pending = [];
    private int _next; // the member that the pass serves next

    /// <summary>How many members there are.</summary>
    public int Count => _places.Count;

    /// <summary>Adds a connection.</summary>
    /// <returns>False if it is a member already.</returns>
    public bool Add(Handle connection)
    {
        bool isNew = _places.TryAdd(connection, _members.Count);
        if (isNew)
        {
            _members.Add(connection);
        }
        return isNew;
    }

    /// <summary>Removes a connection.</summary>
    /// <returns>False if it is no member.</returns>
    public bool Remove(Handle connection)
    {
        if (!_places.Remove(connection, out int place))
        {
            return false;
        }
        // The last served one takes its place, and the last of all takes that one's: so nobody crosses the pass's line.
        if (place < _next)
        {
            Move(--_next, place);
            place = _next;
        }
        Move(_members.Count - 1, place);
        _members.RemoveAt(_members.Count - 1);
        return true;
    }

    /// <summary>Sends a message to all members, in turn with the loop's other work.</summary>
    /// <returns>False when too many wait already.</returns>
    public bool Publish(SharedMessage message)
    {
        if (_pending.Count == PendingMax)
        {
            return false;
        }
        if (_members.Count > 0)
        {
            _pending.Add(message);
            loop.Run(this);
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool RunQuantum()
    {
        if (_next == 0)
        {
            _passing.AddRange(_pending);
            _pending.Clear();
        }
        for (int i = 0; i < ConnectionsPerQuantum && _next < _members.Count; i++)
        {
            Handle member = _members[_next++];
            loop.SendShared(member, CollectionsMarshal.AsSpan(_passing));
        }
        if (_next < _members.Count)
        {
            return true;
        }
        _next = 0;
        _passing.Clear();
        return _pending.Count > 0;
    }

    private void Move(int from, int to)
    {
        if (from != to)
        {
            Handle moved = _members[from];
            _members[to] = moved;
            _places[moved] = to;
        }
    }
}
