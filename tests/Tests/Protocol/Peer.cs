using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>One end of a connection in memory. It keeps what was unread, joins the pieces of messages, and logs one line
/// per message, control frame and violation.</summary>
internal sealed class Peer<TRole>(WebSocketLimits? limits = null, IMaskKeys? masks = null) where TRole : struct, IRole
{
    private readonly WebSocketLimits _limits = limits ?? WebSocketLimits.Default;
    private readonly List<byte> _message = [];
    private byte[] _unread = [];
    private bool _open;

    public WebSocketConnection<TRole> Connection;

    public ArrayBufferWriter<byte> Output { get; } = new();

    public List<string> Log { get; } = [];

    public string Transcript => string.Join(" | ", Log);

    public void Receive(ReadOnlySpan<byte> bytes)
    {
        byte[] input = [.. _unread, .. bytes];
        foreach (WebSocketEvent e in Connection.Receive(input, Output, _limits, masks))
        {
            Note(e);
        }
        Assert.InRange(Connection.Unread, 0, WebSocketConnection<TRole>.UnreadBytesMax);
        _unread = input[^Connection.Unread..];
    }

    public void ReceiveCut(ReadOnlySpan<byte> bytes, Func<int> length)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(length(), bytes.Length);
            Receive(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    /// <summary>What was written since the last call.</summary>
    public byte[] TakeOutput()
    {
        byte[] output = Output.WrittenSpan.ToArray();
        Output.ResetWrittenCount();
        return output;
    }

    public void Send(Opcode opcode, ReadOnlySpan<byte> payload) =>
        WebSocketConnection<TRole>.WriteFrame(Output, opcode, payload, masks);

    private void Note(WebSocketEvent e)
    {
        switch (e.Kind)
        {
            case WebSocketEventKind.Data:
                Assert.Equal(!_open, e.First);
                _open = !e.Last;
                _message.AddRange(e.Payload);
                if (e.Last)
                {
                    byte[] message = [.. _message];
                    Log.Add(e.Opcode == Opcode.Text ? "text " + Encoding.UTF8.GetString(message) : "binary " + Convert.ToHexString(message));
                    _message.Clear();
                }
                break;
            case WebSocketEventKind.Close:
                Log.Add($"close {e.CloseCode} {Encoding.UTF8.GetString(e.Reason)}");
                break;
            case WebSocketEventKind.Violation:
                Log.Add($"violation {e.CloseCode}");
                break;
            default:
                Log.Add($"{e.Kind} {Convert.ToHexString(e.Payload)}".ToLowerInvariant());
                break;
        }
    }
}

/// <summary>Mask keys that a test can foresee.</summary>
internal sealed class CountingKeys : IMaskKeys
{
    private uint _key;

    public uint Next() => _key += 0x01020304;
}

internal static class Hex
{
    /// <summary>Bytes of hexadecimal digits, with spaces where they help.</summary>
    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A frame as a client sends it, with a key.</summary>
    public static byte[] Frame(Opcode opcode, bool final, ReadOnlySpan<byte> payload, uint? key = 0x04030201)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, key.HasValue) + payload.Length];
        Span<byte> body = frame.AsSpan(FrameHeader.Write(frame, opcode, final, payload.Length, key));
        payload.CopyTo(body);
        Masking.Apply(body, key ?? 0);
        return frame;
    }
}
