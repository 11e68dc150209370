namespace Sluice.Loop;

// Who gets in: from an accepted socket to a connection, or to an answer without one. The loop that accepts counts each address
// (AddressCensus), and the loop that has the connection gives its place back.
public sealed partial class EventLoop
{
    private readonly AddressCensus? _census;
    private PlaceCourier? _placesHome;
    private bool _expectsNewcomers; // from the loop that accepts
    private int _unwelcome; // connections that are here for their answer only

    /// <summary>Deals accepted sockets over the loops of a group; null: they all stay here.</summary>
    public LoopGroup? Group { get; set; }

    private void OnAccepted(in Completion completion)
    {
        Admission admission = Admission.Welcome;
        Place place = default;
        if (_census is not null)
        {
            admission = _census.Enter(completion.Buffer.AsSpan(completion.Offset, completion.Count), _system.Now, out place);
        }
        Newcomer newcomer = new(completion.Socket, admission, place);
        if (Group is null || _shutdownAtMs is not null)
        {
            Adopt(newcomer);
        }
        else
        {
            Group.Deal(newcomer);
        }
    }

    private bool HasRoom => _connections.Count - _unwelcome < _options.ConnectionsMax && _shutdownAtMs is null;

    /// <summary>Makes an accepted socket a connection of this loop, at least for as long as an answer takes.</summary>
    internal void Adopt(Newcomer newcomer)
    {
        bool isWelcome = newcomer.Admission != Admission.Refused && HasRoom;
        if (!isWelcome && _unwelcome >= _options.RefusalsMax)
        {
            GiveBack(newcomer.Place);
            _system.Close(newcomer.Socket);
            return;
        }
        ConnectionState state = isWelcome && _options.ReleasesForeign ? ConnectionState.Peeking : ConnectionState.Head;
        Handle connection = AddRow(newcomer.Socket, state);
        _connections[connection.Index].Place = newcomer.Place.Value;
        SetDeadline(connection, _options.HandshakeTimeoutMs);
        _system.Adopt(newcomer.Socket, connection.Value, peek: state == ConnectionState.Peeking);
        if (!isWelcome)
        {
            _unwelcome++;
            _connections[connection.Index].Flags |= ConnectionFlags.Unwelcome;
            TurnAway(connection, newcomer.Admission);
        }
    }

    private void TurnAway(Handle connection, Admission admission)
    {
        if (admission == Admission.Refused)
        {
            RefuseAtOnce(connection, 429, "Too many handshakes at a time from this address.");
        }
        else
        {
            RefuseAtOnce(connection, 503, _shutdownAtMs is null ? "The server is full." : ShuttingDown);
        }
    }

    // An answer that does not wait for the request.
    private void RefuseAtOnce(Handle connection, int status, string reason)
    {
        ref Connection row = ref _connections[connection.Index];
        if (row.State == ConnectionState.Peeking)
        {
            row.State = ConnectionState.Head;
            _system.Arm(row.Socket);
        }
        Begin(connection);
        Refuse(connection, status, reason);
        End(connection);
    }

    /// <summary>From now on newcomers come from the loop that accepts, and places go back to it.</summary>
    internal void IsDealtBy(EventLoop accepting)
    {
        _placesHome = new PlaceCourier(this, accepting);
        _expectsNewcomers = true;
    }

    /// <summary>The loop that accepts has dealt the last newcomer.</summary>
    internal void ExpectsNobody() => _expectsNewcomers = false;

    private void GiveBack(Place place)
    {
        if (place == default)
        {
            return;
        }
        if (_placesHome is null)
        {
            _census!.Leave(place, _system.Now);
        }
        else
        {
            _placesHome.Send(place);
        }
    }

    private sealed class PlaceCourier(EventLoop from, EventLoop accepting) : Courier<Place>(from, accepting)
    {
        protected override void Deliver(EventLoop to, Place place) => to._census!.Leave(place, to._system.Now);
    }
}
