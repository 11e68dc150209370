using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>One end of a connection in memory. It keeps what was unread, joins the pieces of messages, and logs one line
/// per message, control frame and violation.</summary>
internal sealed class Peer<TRole>(WebSocketLimits? limits = null, IMaskKeys? masks = null, DeflateAgreement deflate = default) where TRole : struct, IRole
{
    private readonly WebSocketLimits _limits = limits ?? WebSocketLimits.Default;
    private readonly List<byte> _message = [];
    private readonly Inflater[] _inflaters = deflate.Agreed ? [new(), new()] : [];
    private byte[] _unread = [];
    private int _turn;
    private bool _open;

    public WebSocketConnection<TRole> Connection = new() { Deflate = deflate };

    public ArrayBufferWriter<byte> Output { get; } = new();

    public List<string> Log { get; } = [];

    public string Transcript => string.Join(" | ", Log);

    public void Receive(ReadOnlySpan<byte> bytes)
    {
        byte[] input = [.. _unread, .. bytes];
        foreach (WebSocketEvent e in Begin(input))
        {
            Note(e);
        }
        Assert.InRange(Connection.Unread, 0, WebSocketConnection<TRole>.UnreadBytesMax);
        _unread = input[^Connection.Unread..];
    }

    /// <summary>As <see cref="Receive"/>, but each enumeration is left after one event.</summary>
    public void ReceiveOneByOne(ReadOnlySpan<byte> bytes)
    {
        byte[] input = bytes.ToArray();
        bool isMore = true;
        while (isMore)
        {
            isMore = false;
            foreach (WebSocketEvent e in Begin(input))
            {
                Note(e);
                isMore = true;
                break;
            }
            input = input[^Connection.Unread..];
        }
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

    private EventReader<TRole> Begin(byte[] input)
    {
        if (Connection.Deflate.Agreed && !Connection.InflaterInUse)
        {
            // Another one each time, as from a pool, which was used for other messages.
            _turn ^= 1;
        }
        return Connection.Receive(input, Output, _limits, masks, deflate.Agreed ? _inflaters[_turn] : null);
    }

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
    public static byte[] Frame(Opcode opcode, bool final, ReadOnlySpan<byte> payload, uint? key = 0x04030201, bool compressed = false)
    {
        byte[] frame = new byte[FrameHeader.SizeOf(payload.Length, key.HasValue) + payload.Length];
        Span<byte> body = frame.AsSpan(FrameHeader.Write(frame, opcode, final, payload.Length, key, compressed));
        payload.CopyTo(body);
        Masking.Apply(body, key ?? 0);
        return frame;
    }
}
