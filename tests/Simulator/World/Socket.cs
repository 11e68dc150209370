using System.IO.Hashing;

namespace Sluice.Simulator;

/// <summary>What a loop may do with a socket next.</summary>
internal enum SocketPhase
{
    /// <summary>To be adopted or closed.</summary>
    Accepted,

    Peeking,

    Armed,

    Disarmed,

    /// <summary>Reported as broken: only closing is left.</summary>
    Failed,
}

/// <summary>A descriptor of the loops' process: one accepted connection as the kernel keeps it.</summary>
internal sealed class Socket(int number, End end, SimulatedSystem acceptedBy)
{
    private byte[] _sendBuffer = [];
    private int _sendOffset;
    private ulong _sendDigest;

    public int Number { get; } = number;

    public End End { get; } = end;

    public SimulatedSystem AcceptedBy { get; } = acceptedBy;

    public SocketPhase Phase { get; set; }

    public SimulatedSystem? Owner { get; set; }

    public ulong Token { get; set; }

    public bool EndReported { get; set; }

    public bool WriteShut { get; set; }

    /// <summary>How far the last peek saw, counted from the connection's first byte.</summary>
    public long PeekedTotal { get; set; }

    public bool PeekRepeats { get; set; }

    /// <summary>A send was not taken whole, or left no room, and its completion has not been reported.</summary>
    public bool Sending { get; private set; }

    /// <summary>How many bytes of a pending send the kernel holds; 0 after any other.</summary>
    public int PendingBytes { get; private set; }

    /// <summary>Before this its completion does not come.</summary>
    public long SendDueAt { get; private set; }

    public ReadOnlySpan<byte> PendingSend => _sendBuffer.AsSpan(_sendOffset, PendingBytes);

    public void BeginPending(byte[] buffer, int offset, int count, long dueAt)
    {
        Sending = true;
        SendDueAt = dueAt;
        PendingBytes = count;
        _sendBuffer = buffer;
        _sendOffset = offset;
        _sendDigest = XxHash3.HashToUInt64(PendingSend);
    }

    public void BeginRoomless(long dueAt)
    {
        Sending = true;
        SendDueAt = dueAt;
    }

    /// <summary>Checks that nobody wrote into the bytes while the kernel had them.</summary>
    public void FinishSend()
    {
        if (PendingBytes > 0)
        {
            Violation.Unless(XxHash3.HashToUInt64(PendingSend) == _sendDigest, "bytes of a pending send were changed");
        }
        Sending = false;
        PendingBytes = 0;
        _sendBuffer = [];
    }
}
