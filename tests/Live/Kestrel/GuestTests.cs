using Sluice.AspNetCore;
using Sluice.Loop;
using Xunit;

namespace Sluice.Live.Kestrel;

/// <summary>The verbs of a loop's system upon a guest. The test is the loop.</summary>
public sealed class GuestTests : IDisposable
{
    private const ulong Token = 7;
    private const int PatienceMs = 10_000;

    private readonly GuestSystem _system = new();
    private readonly Carrier _carrier = new();

    public void Dispose() => _system.Dispose();

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
        Assert.Equal(0, _carrier.ReadsOfBytes);
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
    public void HoldsNoBufferWhileIdle()
    {
        Adopt();
        ExpectNothing();
        Assert.Equal(0, _carrier.ReadsOfBytes);
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
    public void TellsOnceWhenAPendingSendIsTaken()
    {
        Guest guest = Adopt();
        _carrier.Gate = new TaskCompletionSource();
        Assert.Equal(SendStatus.Pending, _system.Send(guest.Socket, [1, 2, 3], 0, 3).Status);
        ExpectNothing();
        _carrier.Gate.SetResult();
        Assert.Equal(3, Expect(CompletionKind.Sent).Count);
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
    public void APendingSendThatBreaksIsAFailure()
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
        ulong[] order = new ulong[2];
        for (int i = 0; i < order.Length; i++)
        {
            do
            {
                Assert.True(_system.Next(_system.Now + PatienceMs, out Completion completion));
                order[i] = completion.Token;
            }
            while (order[i] == 0);
        }
        Assert.Equal([Token, Token + 1], order.Order());
    }

    [Fact]
    public void ATimeThatHasPassedIsNotWaitedFor()
    {
        Assert.False(_system.Next(_system.Now, out _));
        Assert.False(_system.Next(ISystem.AtHand, out _));
    }

    [Fact]
    public void AWakeUpIsDelivered()
    {
        _system.Wake();
        Assert.True(_system.Next(long.MaxValue, out Completion completion));
        Assert.Equal(CompletionKind.Woken, completion.Kind);
    }

    private Guest Adopt()
    {
        Guest guest = _carrier.EnterInto(_system);
        _system.Adopt(guest.Socket, Token, peek: false);
        return guest;
    }

    // Wake-ups by reports come between, as the contract allows.
    private Completion Expect(CompletionKind kind)
    {
        Completion completion;
        do
        {
            Assert.True(_system.Next(_system.Now + PatienceMs, out completion), $"no {kind} came");
        }
        while (completion.Kind == CompletionKind.Woken);
        Assert.Equal((kind, Token), (completion.Kind, completion.Token));
        return completion;
    }

    private void ExpectNothing()
    {
        while (_system.Next(_system.Now + 30, out Completion completion))
        {
            Assert.Equal(CompletionKind.Woken, completion.Kind);
        }
    }

    private static Task Soon(Task task) => task.WaitAsync(TimeSpan.FromMilliseconds(PatienceMs), TestContext.Current.CancellationToken);

    private static byte[] Bytes(in Completion completion) => completion.Buffer.AsSpan(completion.Offset, completion.Count).ToArray();
}
