using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>One connection that reads a stream of frames in some pieces, and notes what does not depend on the pieces: whole
/// messages, control frames, the end, and what is answered.</summary>
/// <param name="limits">What the peer may do.</param>
/// <param name="deflate">What was agreed about compression.</param>
/// <param name="closeAfter">After so many events we close ourselves; 0 for never.</param>
internal sealed class FrameReading<TRole>(WebSocketLimits limits, DeflateAgreement deflate, int closeAfter) where TRole : struct, IRole
{
    // No byte tells of more than this many others.
    private const int InflationMax = 1100;

    private const string OwnReason = "enough";

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly CountingKeys _keys = new();
    private readonly List<byte> _message = [];
    private readonly List<byte[]> _pings = [];
    private readonly StringBuilder _log = new();
    private Inflater? _inflater = deflate.Agreed ? new() : null;
    private Inflater? _other = deflate.Agreed ? new() : null;
    private WebSocketConnection<TRole> _connection = new() { Deflate = deflate };
    private byte[] _unread = [];
    private bool _open;
    private bool _closedFirst;
    private int _noted;
    private long _eventsMax = 64;

    /// <summary>What another WebSocket should find too.</summary>
    public WebSocketTranscript Transcript { get; } = new();

    /// <summary>Everything that must not depend on the pieces.</summary>
    public string Log => string.Create(CultureInfo.InvariantCulture,
        $"{_log}unread {_unread.Length} open {_connection.InMessage} closed {_connection.CloseSent} {_connection.CloseReceived}");

    /// <summary>Reads the next piece.</summary>
    /// <param name="piece">It is not changed.</param>
    /// <param name="oneByOne">Leave the enumeration after each event, and present the rest again.</param>
    public void Receive(ReadOnlySpan<byte> piece, bool oneByOne = false)
    {
        _eventsMax += (long)piece.Length * InflationMax;
        byte[] input = [.. _unread, .. piece];
        bool left;
        do
        {
            left = false;
            foreach (WebSocketEvent e in _connection.Receive(input, _output, limits, _keys, _inflater))
            {
                Note(e);
                left = oneByOne;
                if (left)
                {
                    break;
                }
            }
            Oracle.Holds(_connection.Unread <= input.Length, "No more is unread than there was.");
            input = input[^_connection.Unread..];
            if (!_connection.InflaterInUse)
            {
                // Then any will do, so it is another, which has done something else before.
                (_inflater, _other) = (_other, _inflater);
            }
        }
        while (left);
        Oracle.Holds(input.Length <= WebSocketConnection<TRole>.UnreadBytesMax, "Little is unread when all events were taken.");
        _unread = input;
    }

    /// <summary>Checks what was answered: as much as the log tells, and nothing else.</summary>
    public void CheckReplies()
    {
        Span<byte> rest = _output.WrittenSpan.ToArray();
        int pongs = 0;
        bool closed = false;
        while (!rest.IsEmpty)
        {
            Oracle.Holds(!closed, "Nothing follows a close frame.");
            Oracle.Holds(FrameHeader.TryRead(rest, out FrameHeader header), "An answer has a whole header.");
            Oracle.Holds(header is { Final: true, Minimal: true, ReservedBits: 0, PayloadLength: <= 125 } && header.Masked == TRole.MasksOutput,
                "An answer is a well-formed control frame.");
            Oracle.Holds(rest.Length - header.Size >= (int)header.PayloadLength, "An answer has a whole payload.");
            Span<byte> payload = rest.Slice(header.Size, (int)header.PayloadLength);
            Masking.Apply(payload, header.Mask);
            rest = rest[(header.Size + payload.Length)..];
            closed = header.Opcode == Opcode.Close;
            if (closed)
            {
                CheckClose(payload);
            }
            else
            {
                Oracle.Holds(header.Opcode == Opcode.Pong && pongs < _pings.Count, "An answer other than close is a pong to a ping.");
                Oracle.Same(_pings[pongs++], payload, "A pong has its ping's payload.");
            }
        }
        Oracle.Same(_pings.Count, pongs, "Each ping before a close is answered.");
        Oracle.Same(_connection.CloseSent, closed, "What was written ends with a close frame if the connection says so.");
    }

    // Whoever closed first: we, or the peer, whose code is repeated, or a peer that broke a rule.
    private void CheckClose(ReadOnlySpan<byte> payload)
    {
        int code = payload.IsEmpty ? CloseCodes.NoStatus : (payload[0] << 8) | payload[1];
        string reason = payload.IsEmpty ? "" : Encoding.UTF8.GetString(payload[2..]);
        Oracle.Holds(code == CloseCodes.NoStatus || CloseCodes.IsValidReceived(code), "A close frame that is sent has a code that may be sent.");
        Oracle.Same(_closedFirst ? CloseCodes.Normal : Transcript.Code, code, "A close frame has the code of what led to it.");
        Oracle.Same(_closedFirst ? OwnReason : Transcript.End == StreamEnd.Refused ? Transcript.Reason : "", reason,
            "A close frame has the reason of what led to it.");
    }

    private void Note(in WebSocketEvent e)
    {
        Oracle.Holds(--_eventsMax > 0, "Events are bounded by the input.");
        Oracle.Holds(Transcript.End == StreamEnd.Open, "Nothing follows the end.");
        switch (e.Kind)
        {
            case WebSocketEventKind.Data:
                NoteData(e);
                return;
            case WebSocketEventKind.Ping or WebSocketEventKind.Pong:
                if (e.Kind == WebSocketEventKind.Ping && !_connection.CloseSent)
                {
                    _pings.Add(e.Payload.ToArray());
                }
                Write($"{e.Kind} {Convert.ToHexString(e.Payload)}");
                break;
            case WebSocketEventKind.Close:
                Transcript.EndWith(StreamEnd.Closed, e.CloseCode, Encoding.UTF8.GetString(e.Reason));
                Write($"{Transcript.End} {Transcript.Code} {Transcript.Reason}");
                break;
            default:
                Transcript.EndWith(StreamEnd.Refused, e.CloseCode, Encoding.UTF8.GetString(e.Reason));
                // A step of the inflater that breaks gives nothing, so what was wrong before that in it is not met.
                bool inflating = deflate.Agreed && Transcript.Reason is "invalid compressed data" or "invalid UTF-8" or "message too big";
                Write(inflating ? $"{Transcript.End} a message" : $"{Transcript.End} {Transcript.Code} {Transcript.Reason}");
                break;
        }
        Oracle.Same(e.Kind is WebSocketEventKind.Close or WebSocketEventKind.Violation, _connection.CloseReceived,
            "A close or a violation is the last event, and no other is.");
    }

    private void NoteData(in WebSocketEvent e)
    {
        Oracle.Same(!_open, e.First, "The first piece of a message is called so, and no other.");
        Oracle.Holds(e.Opcode is Opcode.Text or Opcode.Binary, "A message is text or bytes.");
        _open = !e.Last;
        Oracle.Same(_open, _connection.InMessage, "A message is open until its last piece.");
        _message.AddRange(e.Payload);
        Oracle.Holds(_message.Count <= limits.MessageBytesMax, "No message is longer than allowed.");
        if (e.Last)
        {
            Span<byte> message = CollectionsMarshal.AsSpan(_message);
            Oracle.Holds(e.Opcode != Opcode.Text || System.Text.Unicode.Utf8.IsValid(message), "A whole text is valid UTF-8.");
            Transcript.AddMessage(e.Opcode == Opcode.Text, message);
            Write(Transcript.Messages[^1]);
            _message.Clear();
        }
    }

    private void Write(string line)
    {
        _log.Append(line).Append('\n');
        if (++_noted == closeAfter)
        {
            _closedFirst = _connection.WriteClose(_output, CloseCodes.Normal, Encoding.ASCII.GetBytes(OwnReason), _keys);
        }
    }

    /// <summary>Mask keys that are the same in every reading of a stream.</summary>
    private sealed class CountingKeys : IMaskKeys
    {
        private uint _key;

        public uint Next() => _key += 0x01020304;
    }
}
