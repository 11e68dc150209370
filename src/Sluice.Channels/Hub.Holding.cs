using Sluice.Channels.Wire;

namespace Sluice.Channels;

// Commands that wait for an answer, and those behind them.
public sealed partial class Hub
{
    private readonly Dictionary<int, HeldCommands> _held = [];

    private void HoldFrom(int session, ReadOnlySpan<byte> rest)
    {
        ref Session row = ref _sessions[session];
        row.Flags |= SessionFlags.Holds;
        _held[session] = new HeldCommands(_loop.Buffers, rest);
        _loop.Hold(row.Connection);
    }

    // What had been read already when the session began to wait.
    private void HoldMore(int session, ReadOnlySpan<byte> message)
    {
        if (_held[session].Length + message.Length + 1 > _options.HeldBytesMax)
        {
            Disconnect(session, DisconnectCode.Slow);
            return;
        }
        Dialect dialect = DialectOf(session);
        _held[session].Add(dialect.Commands.CommandsOf(message), dialect.Format, _loop.Buffers);
    }

    private void ExecuteHeld(int session)
    {
        if (!_held.Remove(session, out HeldCommands? held))
        {
            return;
        }
        ref Session row = ref _sessions[session];
        row.Flags &= ~SessionFlags.Holds;
        ExecuteAll(session, held.Commands);
        held.Return(_loop.Buffers);
        if ((row.Flags & SessionFlags.Holds) == 0)
        {
            _loop.Resume(row.Connection);
        }
    }

    private void DropHeld(int session)
    {
        if (_held.Remove(session, out HeldCommands? held))
        {
            held.Return(_loop.Buffers);
        }
    }
}
