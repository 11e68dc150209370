namespace Sluice.Simulator;

/// <summary>The process's table of sockets. As in a kernel the lowest free number is given out next, 0 included, so
/// that a number used after its closing soon means somebody else's connection.</summary>
internal sealed class Descriptors
{
    private readonly List<Socket?> _table = [];

    public int OpenCount { get; private set; }

    public Socket Open(End end, SimulatedSystem acceptedBy)
    {
        int number = _table.IndexOf(null);
        if (number < 0)
        {
            number = _table.Count;
            _table.Add(null);
        }
        Socket socket = new(number, end, acceptedBy);
        _table[number] = socket;
        OpenCount++;
        return socket;
    }

    public Socket Get(int number)
    {
        Socket? socket = (uint)number < (uint)_table.Count ? _table[number] : null;
        Violation.Unless(socket is not null, "a socket was used that is not open");
        return socket;
    }

    public void Close(Socket socket)
    {
        _table[socket.Number] = null;
        OpenCount--;
    }
}
