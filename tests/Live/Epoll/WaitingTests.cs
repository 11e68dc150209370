using System.Net.Sockets;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Epoll;

public sealed class WaitingTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void ReturnsEmptyHandedOnlyWhenTheDeadlineHasCome()
    {
        long deadline = _rig.System.Now + 30;
        Assert.False(_rig.System.Next(deadline, out _));
        Assert.True(_rig.System.Now >= deadline);
    }

    [Fact]
    public void WaitsForEverUntilItIsWoken()
    {
        Thread waker = new(_rig.System.Wake);
        waker.Start();
        Assert.True(_rig.System.Next(long.MaxValue, out Completion completion));
        Assert.Equal(CompletionKind.Woken, completion.Kind);
        waker.Join();
    }

    [Fact]
    public void TakesOnlyWhatTheLastWaitBroughtWhenItMayNotAsk()
    {
        (Socket first, _) = _rig.Open(1);
        (Socket second, _) = _rig.Open(2);
        _rig.ExpectNothing();
        first.Send("a"u8);
        second.Send("b"u8);
        Assert.False(_rig.System.Next(ISystem.AtHand, out _));
        _rig.Expect(CompletionKind.Received, 1);
        Assert.True(_rig.System.Next(ISystem.AtHand, out Completion completion));
        Assert.Equal((CompletionKind.Received, 2ul), (completion.Kind, completion.Token));
        Assert.False(_rig.System.Next(ISystem.AtHand, out _));
    }

    [Fact]
    public void MakesOneCompletionOfSeveralWakes()
    {
        _rig.System.Wake();
        _rig.System.Wake();
        _rig.System.Wake();
        _rig.Expect(CompletionKind.Woken);
        _rig.ExpectNothing();
        _rig.System.Wake();
        _rig.Expect(CompletionKind.Woken);
    }

    [Fact]
    public void HearsAWakeWhileASocketNeverRunsDry()
    {
        (Socket peer, _) = _rig.Open(1);
        byte[] bytes = Rig.Pattern(1 << 20, 0);
        bool stop = false;
        Thread sender = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                peer.Send(bytes);
            }
        });
        sender.Start();
        for (int i = 0; i < 10; i++)
        {
            Assert.True(_rig.System.Next(long.MaxValue, out _));
        }
        _rig.System.Wake();
        CompletionKind kind = CompletionKind.Received;
        for (int turns = 0; kind != CompletionKind.Woken; turns++)
        {
            Assert.InRange(turns, 0, 3);
            Assert.True(_rig.System.Next(long.MaxValue, out Completion completion));
            kind = completion.Kind;
        }
        Volatile.Write(ref stop, true);
        while (_rig.System.Next(_rig.System.Now + 100, out _))
        {
        }
        sender.Join();
    }

    [Fact]
    public void HearsNoWakeAfterItsEnd()
    {
        _rig.System.Dispose();
        Assert.Null(Record.Exception(_rig.System.Wake));
    }

    [Fact]
    public void RandomBytesDiffer()
    {
        byte[] first = new byte[32];
        byte[] second = new byte[32];
        _rig.System.Random(first);
        _rig.System.Random(second);
        Assert.NotEqual(first, second);
    }
}
