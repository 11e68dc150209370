using System.Text;

namespace Sluice.Simulator;

/// <summary>Somebody who does not speak WebSocket: noise, half a request, a request for something else, or nothing.</summary>
internal sealed class HostilePeer(World world, string name, string path) : Peer(world, name)
{
    private const int Goes = OwnActs;
    private const int Speaks = OwnActs + 1;

    private byte[] _speech = [];
    private int _spoken;
    private int _pauseMsMax;
    private bool _leaving;

    public bool IsGone => !HasConnection;

    public void Start(int inMs) => Later(inMs, Goes);

    /// <summary>Comes back no more; the server has to be rid of it by itself.</summary>
    public void Leave()
    {
        _leaving = true;
        Resume();
    }

    protected override void Received(Span<byte> bytes)
    {
    }

    protected override void Lost() => Later(World.Prng.Between(100, 5_000), Goes);

    protected override void Act(int what, long argument)
    {
        if (what == Goes && !_leaving && !HasConnection)
        {
            Prepare();
            Connect();
            Later(0, Speaks);
        }
        else if (what == Speaks && HasConnection && _spoken < _speech.Length)
        {
            int count = World.Prng.Between(1, _speech.Length - _spoken);
            Send(_speech.AsSpan(_spoken, count));
            _spoken += count;
            Later(World.Prng.Between(0, _pauseMsMax), Speaks);
        }
    }

    private void Prepare()
    {
        _spoken = 0;
        _pauseMsMax = World.Prng.Pick<int>([0, 50, 5_000]);
        switch (World.Prng.Below(4))
        {
            case 0:
                _speech = new byte[World.Prng.Between(1, 2_000)];
                World.Prng.Fill(_speech);
                break;
            case 1:
                _speech = Request(path);
                for (int flips = World.Prng.Between(1, 4); flips > 0; flips--)
                {
                    _speech[World.Prng.Below(_speech.Length)] = (byte)World.Prng.Next();
                }
                break;
            case 2:
                _speech = Request("/somewhere/else");
                break;
            default:
                byte[] request = Request(path);
                _speech = request[..World.Prng.Below(request.Length)];
                break;
        }
    }

    private static byte[] Request(string target) => Encoding.ASCII.GetBytes(
        $"GET {target} HTTP/1.1\r\nHost: sluice\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
}
