using System.Buffers.Binary;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.Tests.Loop;

/// <summary>What a peer of a <see cref="LoopRig"/> sends and is sent, frame by frame.</summary>
internal static class Wire
{
    /// <summary>Has bytes arrive, and turns once.</summary>
    internal static void Receive(this LoopRig rig, int socket, ReadOnlySpan<byte> bytes)
    {
        rig.System.Deliver(socket, bytes);
        rig.Loop.Turn();
    }

    /// <summary>Lets time pass in steps, as a loop does that is woken for its timers.</summary>
    internal static void Wait(this LoopRig rig, int ms, int stepMs = 100)
    {
        for (int passed = 0; passed < ms; passed += stepMs)
        {
            rig.System.Now += Math.Min(stepMs, ms - passed);
            rig.Loop.Turn();
            rig.Loop.Turn();
        }
    }

    /// <summary>The head of the answer to the request.</summary>
    internal static string Head(this LoopRig rig, int socket)
    {
        string said = Encoding.Latin1.GetString([.. rig.System.Taken[socket]]);
        return said[..(said.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 2)];
    }

    /// <summary>The frames that a peer was sent, as "text 5", "ping 0", "close 1001 idle".</summary>
    internal static string Frames(this LoopRig rig, int socket)
    {
        byte[] all = [.. rig.System.Taken[socket]];
        ReadOnlySpan<byte> rest = all.AsSpan(all.AsSpan().IndexOf("\r\n\r\n"u8) + 4);
        List<string> frames = [];
        while (FrameHeader.TryRead(rest, out FrameHeader header) && rest.Length >= header.Size + (int)header.PayloadLength)
        {
            ReadOnlySpan<byte> payload = rest.Slice(header.Size, (int)header.PayloadLength);
            rest = rest[(header.Size + payload.Length)..];
            frames.Add(header.Opcode == Opcode.Close
                ? $"close {BinaryPrimitives.ReadUInt16BigEndian(payload)} {Encoding.ASCII.GetString(payload[2..])}"
                : $"{header.Opcode.ToString().ToLowerInvariant()} {payload.Length}");
        }
        Assert.Equal(0, rest.Length);
        return string.Join(" | ", frames);
    }
}
