using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>RFC 6455, 5 to 8, and RFC 7692, 6, over a stream that is there whole: what it must be taken for, strict rules and limits
/// included.</summary>
internal sealed class FrameModel
{
    private readonly byte[] _stream;
    private readonly bool _server;
    private readonly WebSocketLimits _limits;
    private readonly DeflateAgreement _deflate;
    private readonly List<byte> _payload = []; // of the open message, as it was sent
    private byte[] _history = []; // what compressed messages inflated to, for a peer that looks back at it
    private bool _open;
    private bool _text;
    private bool _compressed;
    private int _fragments;
    private int _empty;

    private FrameModel(byte[] stream, bool server, WebSocketLimits limits, DeflateAgreement deflate)
    {
        _stream = stream;
        _server = server;
        _limits = limits;
        _deflate = deflate;
    }

    private WebSocketTranscript Transcript { get; } = new();

    /// <summary>Reads a stream.</summary>
    /// <returns>What it must be taken for; null if that is not known, because a message is broken that has not ended, and may or may
    /// not be seen to be, or is too long for the reference.</returns>
    public static WebSocketTranscript? Read(byte[] stream, bool server, WebSocketLimits limits, DeflateAgreement deflate)
    {
        FrameModel model = new(stream, server, limits, deflate);
        int at = 0;
        while (model.Transcript.End == StreamEnd.Open && at >= 0)
        {
            if (!model.TryFrame(ref at))
            {
                return null;
            }
        }
        return model.Transcript;
    }

    // Goes behind the next frame; to -1 if the stream ends within it. False if it is not known what comes of it.
    private bool TryFrame(ref int at)
    {
        if (!FrameHeader.TryRead(_stream.AsSpan(at), out FrameHeader header))
        {
            at = -1;
            return true;
        }
        int code = Judge(header);
        if (code != 0)
        {
            Transcript.EndWith(StreamEnd.Refused, code, "");
            return true;
        }
        int from = at + header.Size;
        int length = (int)Math.Min((long)header.PayloadLength, _stream.Length - from);
        bool whole = length == (long)header.PayloadLength;
        byte[] payload = _stream.AsSpan(from, length).ToArray();
        for (int i = 0; i < length; i++)
        {
            payload[i] ^= (byte)(header.Mask >> (i % 4 * 8));
        }
        at = whole ? from + length : -1;
        if (header.Opcode >= Opcode.Close)
        {
            if (whole && header.Opcode == Opcode.Close)
            {
                Close(payload);
            }
            return true;
        }
        Begin(header);
        _payload.AddRange(payload);
        return TryMessage(complete: whole && header.Final);
    }

    private int Judge(in FrameHeader header)
    {
        bool control = header.Opcode >= Opcode.Close;
        bool continues = header.Opcode == Opcode.Continuation;
        bool known = header.Opcode is Opcode.Continuation or Opcode.Text or Opcode.Binary or Opcode.Close or Opcode.Ping or Opcode.Pong;
        int reserved = _deflate.Agreed && header.Opcode is Opcode.Text or Opcode.Binary ? header.ReservedBits & ~0x40 : header.ReservedBits;
        int second = header.PayloadLength < 126 ? 2 : header.PayloadLength <= ushort.MaxValue ? 4 : 10;
        if (reserved != 0 || !known || header.Masked != _server || header.PayloadLength > long.MaxValue || header.Size != second + (_server ? 4 : 0)
            || (control && (!header.Final || header.PayloadLength > 125)) || (!control && continues != _open))
        {
            return CloseCodes.ProtocolError;
        }
        if (control)
        {
            return 0;
        }
        long before = continues ? _payload.Count : 0;
        bool compressed = continues ? _compressed : header.ReservedBits != 0;
        long max = _limits.MessageBytesMax + (compressed ? (_limits.MessageBytesMax / 1024) + 64 : 0);
        return (long)header.PayloadLength > max - before || (continues && _fragments >= _limits.FragmentsMax) ? CloseCodes.MessageTooBig
            : continues && header is { PayloadLength: 0, Final: false } && _empty >= _limits.EmptyFragmentsMax ? CloseCodes.PolicyViolation
            : 0;
    }

    private void Begin(in FrameHeader header)
    {
        if (header.Opcode != Opcode.Continuation)
        {
            _payload.Clear();
            (_open, _text, _compressed) = (true, header.Opcode == Opcode.Text, header.ReservedBits != 0);
            (_fragments, _empty) = (0, 0);
        }
        _fragments++;
        _empty += header is { PayloadLength: 0, Final: false } ? 1 : 0;
    }

    private bool TryMessage(bool complete)
    {
        ReadOnlySpan<byte> message = CollectionsMarshal.AsSpan(_payload);
        if (_compressed)
        {
            ReferenceInflater inflated = ReferenceInflater.Run(message, _history, _deflate.ReceiveWindowBits, complete);
            bool broken = inflated.End == InflateEnd.Invalid
                || (complete && inflated.End == InflateEnd.Truncated)
                || inflated.Output.Length > _limits.MessageBytesMax;
            if (inflated.End == InflateEnd.TooLong || (broken && !complete))
            {
                return false;
            }
            if (broken)
            {
                Transcript.EndWith(StreamEnd.Refused, 0, "a message");
                return true;
            }
            message = inflated.Output;
        }
        if (_text && !IsText(message, complete))
        {
            Transcript.EndWith(StreamEnd.Refused, _compressed ? 0 : CloseCodes.InvalidPayload, "a message");
            return !_compressed || complete;
        }
        if (complete)
        {
            Transcript.AddMessage(_text, message);
            _open = false;
            _history = _compressed && !_deflate.ReceiveFresh ? [.. _history.TakeLast(1 << 15), .. message] : _history;
        }
        return true;
    }

    // Whether these bytes are text, or could become it.
    private static bool IsText(ReadOnlySpan<byte> bytes, bool complete)
    {
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out _, out int length);
            if (status != OperationStatus.Done)
            {
                return status == OperationStatus.NeedMoreData && !complete;
            }
            bytes = bytes[length..];
        }
        return true;
    }

    private void Close(byte[] payload)
    {
        int code = payload.Length == 0 ? CloseCodes.NoStatus : payload.Length == 1 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(payload);
        bool allowed = payload.Length == 0 || code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
        bool text = !allowed || payload.Length == 0 || IsText(payload.AsSpan(2), complete: true);
        code = !allowed ? CloseCodes.ProtocolError : text ? code : CloseCodes.InvalidPayload;
        Transcript.EndWith(allowed && text ? StreamEnd.Closed : StreamEnd.Refused, code, "");
    }
}
