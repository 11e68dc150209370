using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Gives one loop's sockets their states: a table whose places the loop's rows name, so that none is looked for.</summary>
/// <remarks>Its pages never move, so that a callback's reference stays good while others connect.</remarks>
internal sealed class StatefulHandler<TState>(WebSocketHandler<TState> handler) : WebSocketHandler
{
    private const int PageBits = 6;
    private const int PagePlaces = 1 << PageBits;

    private readonly Stack<int> _spare = new();
    private TState[][] _pages = [];
    private int _used;

    public override bool TakesParts => handler.TakesParts;

    public override void Opened(WebSocket socket, Admitted admitted)
    {
        int place = _spare.TryPop(out int spare) ? spare : _used++;
        if (place >> PageBits == _pages.Length)
        {
            Array.Resize(ref _pages, _pages.Length + 1);
            _pages[^1] = new TState[PagePlaces];
        }
        socket.Place = place;
        handler.Opened(socket, ref At(place), admitted);
    }

    public override void Received(WebSocket socket, ReceivedMessage message) =>
        handler.Received(socket, ref At(socket.Place), message);

    public override void ReceivedPart(WebSocket socket, Opcode opcode, ReadOnlySpan<byte> part, bool last) =>
        handler.ReceivedPart(socket, ref At(socket.Place), opcode, part, last);

    public override void Drained(WebSocket socket) => handler.Drained(socket, ref At(socket.Place));

    public override void Closed(WebSocket socket, ushort code)
    {
        int place = socket.Place;
        try
        {
            handler.Closed(socket, ref At(place), code);
        }
        finally
        {
            At(place) = default!;
            _spare.Push(place);
        }
    }

    private ref TState At(int place) => ref _pages[place >> PageBits][place & (PagePlaces - 1)];
}
