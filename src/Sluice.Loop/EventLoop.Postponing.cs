using Sluice.Protocol;

namespace Sluice.Loop;

// A few bytes may inflate to many. A connection that has had its share of a turn leaves the rest of its input for the next, and
// nothing more is read of it until then.
public sealed partial class EventLoop
{
    private const int InflatedQuantum = 256 << 10; // bytes; some hundred microseconds
    private const int PostponedQuantum = 16; // connections in a turn

    private readonly Queue<Handle> _postponed = new();
    private byte[] _again = []; // where postponed input is read, with the headroom that every input has

    private void Postpone(Handle connection, ref Connection row, ReadOnlySpan<byte> rest)
    {
        if (row.Inbox == 0)
        {
            row.Inbox = _inboxes.Rent();
        }
        _inboxes[row.Inbox].KeepLater(rest, Buffers);
        SetReadingFlag(connection, ConnectionFlags.Postponed, true);
        _postponed.Enqueue(connection);
    }

    // What had been read of a connection before it was disarmed goes behind what waits.
    private bool TryPostpone(Handle connection, in Completion completion)
    {
        ref Connection row = ref _connections[connection.Index];
        bool waits = (row.Flags & ConnectionFlags.Postponed) != 0;
        if (waits)
        {
            _inboxes[row.Inbox].KeepLater(completion.Buffer.AsSpan(completion.Offset, completion.Count), Buffers);
        }
        return waits;
    }

    private void ServePostponed()
    {
        for (int i = Math.Min(_postponed.Count, PostponedQuantum); i > 0; i--)
        {
            Handle connection = _postponed.Dequeue();
            if (_connections.Contains(connection) && _connections[connection.Index] is { State: ConnectionState.Open or ConnectionState.Closing })
            {
                ReceiveAgain(connection);
                EndOver();
            }
        }
    }

    private void ReceiveAgain(Handle connection)
    {
        ref Connection row = ref _connections[connection.Index];
        Inbox inbox = _inboxes[row.Inbox];
        int count = inbox.LaterLength;
        if (_again.Length < ISystem.HeadroomBytes + count)
        {
            _again = GC.AllocateUninitializedArray<byte>(ISystem.HeadroomBytes + count);
        }
        inbox.Later.AsSpan(0, count).CopyTo(_again.AsSpan(ISystem.HeadroomBytes));
        inbox.DropLater(Buffers);
        row.Flags &= ~ConnectionFlags.Postponed;
        Begin(connection);
        ReceiveFrames(connection, _again, ISystem.HeadroomBytes, count);
        SetReadingFlag(connection, ConnectionFlags.Postponed, (row.Flags & ConnectionFlags.Postponed) != 0);
        End(connection);
    }
}
