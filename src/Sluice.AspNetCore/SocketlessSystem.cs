using System.Security.Cryptography;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>A system without sockets: time, randomness, and being woken. Every operating system has it.</summary>
internal sealed class SocketlessSystem : ISystem
{
    private readonly AutoResetEvent _wake = new(false);

    public long Now { get; private set; } = Environment.TickCount64;

    public void Random(Span<byte> destination) => RandomNumberGenerator.Fill(destination);

    public bool Next(long deadlineMs, out Completion completion)
    {
        completion = Completion.Of(CompletionKind.Woken, 0, -1);
        if (deadlineMs == ISystem.AtHand)
        {
            return false;
        }
        do
        {
            bool woken = _wake.WaitOne(TimeoutMs(deadlineMs));
            Now = Environment.TickCount64;
            if (woken)
            {
                return true;
            }
        }
        while (Now < deadlineMs);
        return false;
    }

    public void Wake()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended; whoever still posts to it is not heard, as the contract of a mailbox has it.
        }
    }

    public void Adopt(int socket, ulong token, bool peek) => HasNone();

    public void Arm(int socket) => HasNone();

    public void Disarm(int socket) => HasNone();

    public SendOutcome Send(int socket, byte[] buffer, int offset, int count)
    {
        HasNone();
        return default;
    }

    public void ShutdownWrite(int socket) => HasNone();

    public void Close(int socket) => HasNone();

    public void Release(int socket) => HasNone();

    public void ResumeAccepting() => HasNone();

    public void StopAccepting()
    {
    }

    public void Dispose() => _wake.Dispose();

    private static void HasNone() => Invariant.Check(false, "there are no sockets here");

    private static int TimeoutMs(long deadlineMs) =>
        deadlineMs == long.MaxValue ? Timeout.Infinite : (int)Math.Clamp(deadlineMs - Environment.TickCount64, 0, int.MaxValue);
}
