using Sluice.Loop;

namespace Sluice.Tests.Loop;

/// <summary>Accepted sockets that are dealt to other loops, and a shutdown while they are on their way.</summary>
public sealed class LoopGroupTests
{
    private readonly ScriptedSystem[] _systems = [new() { Remembers = false }, new() { Remembers = false }, new() { Remembers = false }];
    private readonly EventLoop[] _loops;

    public LoopGroupTests()
    {
        _loops = Array.ConvertAll(_systems, static system => new EventLoop(system, new EventLoopOptions { RefusalsMax = 10 }));
        LoopGroup group = new(_loops);
        Array.ForEach(_loops, loop => loop.Group = group);
    }

    [Fact]
    public void Sockets_are_dealt_in_turn()
    {
        int[] sockets = Accept(5);
        for (int turn = 0; turn < 4; turn++)
        {
            Array.ForEach(_loops, static loop => loop.Turn());
        }
        Assert.Equal([2, 2, 1], Array.ConvertAll(_loops, static loop => loop.ConnectionCount));
        Stop(0, 1, 2);
        Assert.Equal([sockets[0], sockets[3]], _systems[0].Closed.Order());
        Assert.Equal([sockets[1], sockets[4]], _systems[1].Closed.Order());
        Assert.Equal([sockets[2]], _systems[2].Closed);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    [InlineData(2_000)] // more than go in one trip
    public void Who_is_on_his_way_when_the_loops_stop_is_closed(int count)
    {
        int[] sockets = Accept(count);
        Stop(0, 1, 2);
        Assert.Equal(sockets, _systems.SelectMany(static system => system.Closed).Order());
        Assert.All(_systems, static system => Assert.NotEmpty(system.Closed));
    }

    [Fact]
    public void Who_is_accepted_after_another_loop_was_asked_to_stop_is_told()
    {
        _loops[1].BeginShutdown();
        _loops[1].Turn();
        Assert.False(_loops[1].Stopped);
        int[] sockets = Accept(2);
        _loops[1].Turn();
        Assert.Equal([sockets[1]], _systems[1].Finished);
        Stop(2, 0);
        Assert.True(_loops[1].Stopped);
        Assert.Equal([sockets[1]], _systems[1].Closed);
    }

    [Fact]
    public void What_the_system_still_reports_as_accepted_is_dealt_to_nobody()
    {
        _loops[0].BeginShutdown();
        int[] sockets = Accept(2);
        Assert.Equal(sockets, _systems[0].Finished);
        Stop(1, 2);
        Assert.Equal(sockets, _systems[0].Closed.Order());
    }

    private int[] Accept(int count)
    {
        int[] sockets = [.. Enumerable.Range(0, count).Select(_ => _systems[0].Accept())];
        for (int turn = 0; turn <= count / EventLoopOptions.Default.TurnQuantum; turn++)
        {
            _loops[0].Turn();
        }
        return sockets;
    }

    /// <summary>Asks for it in this order, and lets each loop turn until it has stopped, as its thread does.</summary>
    private void Stop(params int[] order)
    {
        Array.ForEach(order, number => _loops[number].BeginShutdown());
        for (int step = 0; step < 1_000 && !Array.TrueForAll(_loops, static loop => loop.Stopped); step++)
        {
            foreach (int number in Enumerable.Range(0, _loops.Length).Where(number => !_loops[number].Stopped))
            {
                _loops[number].Turn();
                _systems[number].Now += 100;
            }
        }
        Assert.All(_loops, static loop => Assert.Equal(default, loop.Resources));
        Assert.All(_loops, static loop => Assert.True(loop.Stopped));
    }
}
