using System.Net.Sockets;
using Sluice.AspNetCore;
using Sluice.Live.Epoll;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>Guests and sockets of one loop.</summary>
public sealed class NeighbourTests : IDisposable
{
    private const ulong SocketsToken = 1;
    private const ulong GuestsToken = 2;

    private readonly Rig _rig = new();
    private readonly GuestSystem _system;

    public NeighbourTests() => _system = new GuestSystem(_rig.System);

    public void Dispose()
    {
        _system.Dispose();
        _rig.Dispose();
    }

    [Fact]
    public async Task TheyTakeTurnsWhileBothHaveBytes()
    {
        (Socket peer, _) = _rig.Open(SocketsToken);
        peer.Blocking = false;
        Assert.True(peer.Send(new byte[1 << 20], SocketFlags.None, out _) >= 2 << 16);
        Carrier carrier = new();
        await carrier.ArriveAsync(new byte[1 << 20]);
        _system.Adopt(carrier.EnterInto(_system).Socket, GuestsToken, peek: false);

        List<ulong> turns = [];
        foreach (long deadline in (long[])[ISystem.AtHand, _system.Now, ISystem.AtHand, _system.Now, ISystem.AtHand])
        {
            Assert.True(_system.Next(deadline, out Completion completion));
            turns.Add(completion.Token);
        }
        // The kernel is not asked for what is at hand, so the guest is first.
        Assert.Equal([GuestsToken, SocketsToken, GuestsToken, SocketsToken, GuestsToken], turns);
    }

    [Fact]
    public async Task AGuestsBytesEndAWaitForSockets()
    {
        Carrier carrier = new();
        _system.Adopt(carrier.EnterInto(_system).Socket, GuestsToken, peek: false);
        Assert.False(_system.Next(_system.Now, out _));
        await carrier.ArriveAsync([1]);
        // The report may be there before the wait, or end it by a wake-up first.
        Completion completion;
        do
        {
            Assert.True(_system.Next(long.MaxValue, out completion));
        }
        while (completion.Kind == CompletionKind.Woken);
        Assert.Equal((CompletionKind.Received, GuestsToken), (completion.Kind, completion.Token));
    }
}
