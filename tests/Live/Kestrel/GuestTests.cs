using Sluice.AspNetCore;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>The verbs of a loop's system upon a guest. The test is the loop.</summary>
public sealed class GuestTests : IDisposable
{
    private const ulong Token = 7;
    private const int PatienceMs = 10_000;

    private readonly AutoResetEvent _demanded = new(false);
    private readonly PoolRunner _runner;
    private readonly GuestSystem _system;
    private readonly Carrier _carrier = new();

    public GuestTests()
    {
        _runner = new PoolRunner(() =>
        {
            _demanded.Set();
            return long.MaxValue;
        });
        _system = new GuestSystem(_runner);
    }

    public void Dispose()
    {
        _system.Dispose();
        _runner.Dispose();
    }

    [Fact]
    public async Task DeliversWhatArrivesAndThenTheEnd()
    {
        Adopt();
        await _carrier.ArriveAsync("one"u8.ToArray());
        Assert.Equal("one"u8, Bytes(Expect(CompletionKind.Received)));
        await _carrier.ArriveAsync("two"u8.ToArray());
        await _carrier.Peer.CompleteAsync();
        Assert.Equal("two"u8, Bytes(Expect(CompletionKind.Received)));
        Expect(CompletionKind.Ended);
        ExpectNothing();
    }

    [Fact]
    public async Task LeavesHeadroomBeforeTheBytes()
    {
        Adopt();
        await _carrier.ArriveAsync("x"u8.ToArray());
        Completion received = Expect(CompletionKind.Received);
        Assert.True(received.Offset >= ISystem.HeadroomBytes);
    }

    [Fact]
    public async Task ReadsNothingWhileDisarmed()
    {
        Guest guest = Adopt();
        ExpectNothing();
        _system.Disarm(guest.Socket);
        await _carrier.ArriveAsync("later"u8.ToArray());
        ExpectNothing();
        _system.Arm(guest.Socket);
        Assert.Equal("later"u8, Bytes(Expect(CompletionKind.Received)));
    }

    [Fact]
    public async Task TellsAFailureEvenWhileDisarmed()
    {
        Guest guest = Adopt();
        ExpectNothing();
        _system.Disarm(guest.Socket);
        await _carrier.Peer.CompleteAsync(new IOException("reset"));
        Expect(CompletionKind.Failed);
        ExpectNothing();
    }

    [Fact]
    public void SendsAtOnceWhatTheCarrierTakesAtOnce()
    {
        Guest guest = Adopt();
        Assert.Equal(new SendOutcome(SendStatus.Done, 2), _system.Send(guest.Socket, [0, 1, 2, 3], 1, 2));
        Assert.Equal([1, 2], _carrier.Written);
        ExpectNothing();
    }

    [Fact]
    public void TellsOnceWhenACarrierThatIsFullHasRoom()
    {
        Guest guest = Adopt();
        _carrier.Gate = new TaskCompletionSource();
        Assert.Equal(new SendOutcome(SendStatus.Full, 3), _system.Send(guest.Socket, [1, 2, 3], 0, 3));
        ExpectNothing();
        _carrier.Gate.SetResult();
        Assert.Equal(0, Expect(CompletionKind.Sent).Count);
        Assert.Equal([1, 2, 3], _carrier.Written);
        ExpectNothing();
    }

    [Fact]
    public void ASendThatThrowsHasFailed()
    {
        Guest guest = Adopt();
        _carrier.WriteError = new InvalidOperationException("over");
        Assert.Equal(SendStatus.Failed, _system.Send(guest.Socket, [1], 0, 1).Status);
        ExpectNothing();
    }

    [Fact]
    public void AFullCarrierThatBreaksIsAFailure()
    {
        Guest guest = Adopt();
        _carrier.Gate = new TaskCompletionSource();
        _system.Send(guest.Socket, [1], 0, 1);
        _carrier.Gate.SetException(new IOException("reset"));
        Expect(CompletionKind.Failed);
        ExpectNothing();
    }

    [Fact]
    public async Task ClosingEndsTheReadThatIsUnderWay()
    {
        Guest guest = Adopt();
        ExpectNothing();
        _system.Close(guest.Socket);
        await Soon(guest.Closed);
        ExpectNothing();
        Assert.False(_carrier.IsAborted);
        Assert.Equal(0, _system.GuestCount);
    }

    [Fact]
    public async Task ClosingBreaksTheWriteThatIsUnderWay()
    {
        Guest guest = Adopt();
        _carrier.Gate = new TaskCompletionSource();
        _system.Send(guest.Socket, [1], 0, 1);
        _system.Close(guest.Socket);
        await Soon(guest.Closed);
        ExpectNothing();
        Assert.True(_carrier.IsAborted);
    }

    [Fact]
    public async Task NothingIsToldAfterClosingEvenIfItHadHappened()
    {
        Guest guest = Adopt();
        ExpectNothing();
        await _carrier.ArriveAsync("lost"u8.ToArray());
        _system.Close(guest.Socket);
        ExpectNothing();
        await Soon(guest.Closed);
    }

    [Fact]
    public async Task SilenceAfterTheShutdownIsTheEndWhereTheCarrierHasNoHalfClose()
    {
        Guest guest = Adopt();
        _system.ShutdownWrite(guest.Socket);
        await _carrier.ArriveAsync("dropped"u8.ToArray());
        Assert.Equal("dropped"u8, Bytes(Expect(CompletionKind.Received)));
        Expect(CompletionKind.Ended);
        ExpectNothing();
    }

    [Fact]
    public async Task TheCarriersOwnHalfCloseIsUsedAndThePeersEndAwaited()
    {
        bool completed = false;
        Guest guest = _carrier.EnterInto(_system, () =>
        {
            completed = true;
            return Task.CompletedTask;
        });
        _system.Adopt(guest.Socket, Token, peek: false);
        _system.ShutdownWrite(guest.Socket);
        Assert.True(completed);
        ExpectNothing();
        await _carrier.Peer.CompleteAsync();
        Expect(CompletionKind.Ended);
    }

    [Fact]
    public async Task AGuestThatIsNeverAdoptedCanBeClosed()
    {
        Guest guest = _carrier.EnterInto(_system);
        _system.Close(guest.Socket);
        await Soon(guest.Closed);
        Assert.Equal(0, _system.GuestCount);
    }

    [Fact]
    public async Task WhoeverIsHereOrComesAfterTheEndIsClosed()
    {
        Guest adopted = Adopt();
        Guest waiting = new Carrier().EnterInto(_system);
        ExpectNothing();
        _system.Dispose();
        Guest late = new Carrier().EnterInto(_system);
        await Soon(Task.WhenAll(adopted.Closed, waiting.Closed, late.Closed));
        Assert.Equal(0, _system.GuestCount);
    }

    [Fact]
    public async Task OneThatAlwaysHasBytesKeepsNobodyWaiting()
    {
        Adopt();
        Carrier other = new();
        _system.Adopt(other.EnterInto(_system).Socket, Token + 1, peek: false);
        await _carrier.ArriveAsync(new byte[40_000]);
        await other.ArriveAsync("me"u8.ToArray());
        ulong[] order = [Next().Token, Next().Token];
        Assert.Equal([Token, Token + 1], order.Order());
    }

    [Fact]
    public async Task ANewsDemandsATurn()
    {
        Guest guest = Adopt();
        ExpectNothing();
        await _carrier.ArriveAsync([1]);
        Assert.True(_demanded.WaitOne(PatienceMs));
        Assert.Equal([1], Bytes(Expect(CompletionKind.Received)));
    }

    [Fact]
    public void NothingIsWaitedFor()
    {
        Assert.False(_system.Next(long.MaxValue, out _));
        Assert.False(_system.Next(ISystem.AtHand, out _));
    }

    [Fact]
    public void AWakeUpIsDelivered()
    {
        _system.Wake();
        Assert.True(_system.HasNews);
        Assert.True(_system.Next(long.MaxValue, out Completion completion));
        Assert.Equal(CompletionKind.Woken, completion.Kind);
        Assert.False(_system.HasNews);
    }

    private Guest Adopt()
    {
        Guest guest = _carrier.EnterInto(_system);
        _system.Adopt(guest.Socket, Token, peek: false);
        return guest;
    }

    private Completion Expect(CompletionKind kind)
    {
        Completion completion = Next();
        Assert.Equal((kind, Token), (completion.Kind, completion.Token));
        return completion;
    }

    private Completion Next()
    {
        Completion completion;
        while (!_system.Next(long.MaxValue, out completion))
        {
            Assert.True(_demanded.WaitOne(PatienceMs), "nothing came");
        }
        return completion;
    }

    private void ExpectNothing()
    {
        while (_demanded.WaitOne(30))
        {
            Assert.False(_system.Next(long.MaxValue, out _));
        }
        Assert.False(_system.Next(long.MaxValue, out _));
    }

    private static Task Soon(Task task) => task.WaitAsync(TimeSpan.FromMilliseconds(PatienceMs), TestContext.Current.CancellationToken);

    private static byte[] Bytes(in Completion completion) => completion.Buffer.AsSpan(completion.Offset, completion.Count).ToArray();
}
