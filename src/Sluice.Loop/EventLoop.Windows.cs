using Sluice.Protocol;

namespace Sluice.Loop;

// What peers' windows hold, so that a shared message may look back at it.
public sealed partial class EventLoop
{
    private readonly Slab<PeerWindow> _windows = new();

    private PeerWindow WindowOf(in Connection row) => row.Window == 0 ? default : _windows[row.Window - 1];

    // What a peer's window holds costs a row from the first compressed message of a source on.
    private void KeepWindow(ref Connection row, PeerWindow window)
    {
        if (row.Window != 0)
        {
            _windows[row.Window - 1] = window;
        }
        else if (window.Last != 0 && !row.Protocol.Deflate.SendFresh)
        {
            int index = _windows.Add().Index;
            _windows[index] = window;
            row.Window = index + 1;
        }
    }

    // A compressed message that is not of a source enters the peer's window.
    private void ForgetWindow(Handle connection, ref Connection row)
    {
        KeepWindow(ref row, default);
        if (connection == _current)
        {
            _batch.BreakRun();
        }
    }
}
