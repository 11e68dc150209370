using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Sluice.Protocol;

/// <summary>The state of one WebSocket after its handshake: bytes in, events out (RFC 6455).</summary>
/// <remarks>
/// <para><b>Owner.</b> It is a value and lives in somebody's row, whose thread is the only one to touch it. Never copy
/// it: a copy goes on from an old state. It holds no reference and no byte of the peer's.</para>
/// <para><b>Calls.</b> <see cref="Receive"/> with what arrived, behind the <see cref="Unread"/> bytes of the time
/// before; enumerate its events; send what was appended to the replies. An enumeration may be left early: the rest of
/// the input is then unread. One enumeration at a time; <see cref="WriteClose"/> is allowed within it.</para>
/// <para><b>Staleness.</b> An event borrows the input and is valid until the input changes; the payload of a compressed message
/// lies in the inflater and is valid until the next event is read. See <see cref="WebSocketEvent.Payload"/>.</para>
/// <para><b>Errors.</b> A peer's error is a <see cref="WebSocketEventKind.Violation"/>, never an exception.</para>
/// </remarks>
/// <typeparam name="TRole">Which end we are.</typeparam>
[StructLayout(LayoutKind.Sequential, Pack = sizeof(int))] // in rows by the million: 36 bytes instead of 40
public struct WebSocketConnection<TRole> where TRole : struct, IRole
{
    /// <summary>The most bytes that <see cref="Unread"/> can tell when all events were enumerated: a control frame
    /// whose last byte is missing.</summary>
    public const int UnreadBytesMax = 2 + sizeof(uint) + FrameHeader.ControlPayloadBytesMax - 1;

    private const int CloseCodeBytes = sizeof(ushort);
    private const int CloseReasonBytesMax = FrameHeader.ControlPayloadBytesMax - CloseCodeBytes;

    /// <summary>How much of the current data frame's payload has not arrived.</summary>
    internal long FrameRemaining;

    /// <summary>What the frames of the current message declared, together.</summary>
    internal long MessageBytes;

    internal int UnreadBytes;

    /// <summary>The key as it applies to the next byte of the current frame.</summary>
    internal uint MaskKey;

    internal int Fragments;
    internal byte EmptyFragments;
    internal Utf8Validator Text;
    internal ConnectionFlags Flags;

    /// <summary>What the handshake agreed about compression. Set once, before anything is received.</summary>
    public DeflateAgreement Deflate { readonly get; set; }

    /// <summary>How many bytes at the end of the last input were not consumed: a header or a control frame that is not
    /// there whole, or whatever followed the event at which the enumeration was left. Present them again, in front of
    /// what arrives next.</summary>
    public readonly int Unread => UnreadBytes;

    /// <summary>Whether a close frame was written; then nothing else may be sent.</summary>
    public readonly bool CloseSent => (Flags & ConnectionFlags.CloseSent) != 0;

    /// <summary>Whether the peer has closed or broken the protocol; then nothing further is parsed.</summary>
    public readonly bool CloseReceived => (Flags & ConnectionFlags.CloseReceived) != 0;

    /// <summary>Whether the peer has begun a message and not ended it. (A frame whose header is not there whole shows
    /// in <see cref="Unread"/> only.)</summary>
    public readonly bool InMessage => (Flags & ConnectionFlags.MessageOpen) != 0;

    /// <summary>How many payload bytes of the open message have arrived, as they were on the wire; of none, anything.</summary>
    public readonly long MessageBytesReceived => MessageBytes - FrameRemaining;

    /// <summary>Whether the inflater of the last enumeration holds a part of what this peer sent: the same one must be passed
    /// with its next input. Otherwise any will do.</summary>
    public readonly bool InflaterInUse => Deflate.Agreed
        && (!Deflate.ReceiveFresh || (Flags & (ConnectionFlags.MessageOpen | ConnectionFlags.Compressed)) == (ConnectionFlags.MessageOpen | ConnectionFlags.Compressed));

    /// <summary>Begins to read what arrived. Nothing is done before the events are enumerated.</summary>
    /// <param name="input">The bytes, unread ones first. They are unmasked in place.</param>
    /// <param name="replies">Takes what must be answered: pongs, the close frame.</param>
    /// <param name="limits">What the peer may do.</param>
    /// <param name="masks">For a client: the keys of its replies.</param>
    /// <param name="inflater">Where compression was agreed: see <see cref="InflaterInUse"/>.</param>
    [UnscopedRef]
    public EventReader<TRole> Receive(
        Span<byte> input, IBufferWriter<byte> replies, WebSocketLimits limits, IMaskKeys? masks = null, Inflater? inflater = null) =>
        new(ref this, input, replies, limits, masks, inflater);

    /// <summary>Writes a close frame, the last that is sent.</summary>
    /// <param name="output">Takes the frame.</param>
    /// <param name="code">A code that may be sent, or 0 for a frame without one.</param>
    /// <param name="reason">UTF-8; cut to 123 bytes at the end of a character.</param>
    /// <param name="masks">For a client: the frame's key.</param>
    /// <returns>False, and nothing written, if one was already.</returns>
    public bool WriteClose(IBufferWriter<byte> output, ushort code, ReadOnlySpan<byte> reason, IMaskKeys? masks = null)
    {
        Invariant.Check(code == 0 || CloseCodes.IsValidReceived(code), "A close code is one that may be on the wire.");
        Invariant.Check(code != 0 || reason.IsEmpty, "A close reason needs a code.");
        if (CloseSent)
        {
            return false;
        }
        Flags |= ConnectionFlags.CloseSent;
        Span<byte> payload = stackalloc byte[FrameHeader.ControlPayloadBytesMax];
        int length = 0;
        if (code != 0)
        {
            ReadOnlySpan<byte> cut = CutToCharacters(reason, CloseReasonBytesMax);
            payload[0] = (byte)(code >> 8);
            payload[1] = (byte)code;
            cut.CopyTo(payload[CloseCodeBytes..]);
            length = CloseCodeBytes + cut.Length;
        }
        WriteFrame(output, Opcode.Close, payload[..length], masks);
        return true;
    }

    /// <summary>Writes a whole message, or a control frame other than close, as one frame.</summary>
    /// <param name="output">Takes the frame.</param>
    /// <param name="opcode">What it carries.</param>
    /// <param name="payload">For text valid UTF-8, which is not checked.</param>
    /// <param name="masks">For a client: the frame's key.</param>
    public static void WriteFrame(IBufferWriter<byte> output, Opcode opcode, ReadOnlySpan<byte> payload, IMaskKeys? masks = null)
    {
        Invariant.Check(opcode < Opcode.Close || payload.Length <= FrameHeader.ControlPayloadBytesMax, "A control frame has at most 125 bytes.");
        uint? mask = null;
        if (TRole.MasksOutput)
        {
            Invariant.Check(masks is not null, "A client masks what it sends.");
            mask = masks.Next();
        }
        int size = FrameHeader.SizeOf(payload.Length, TRole.MasksOutput) + payload.Length;
        Span<byte> frame = output.GetSpan(size);
        int header = FrameHeader.Write(frame, opcode, final: true, payload.Length, mask);
        Span<byte> body = frame.Slice(header, payload.Length);
        payload.CopyTo(body);
        if (mask is uint key)
        {
            Masking.Apply(body, key);
        }
        output.Advance(size);
    }

    private static ReadOnlySpan<byte> CutToCharacters(ReadOnlySpan<byte> text, int bytesMax)
    {
        if (text.Length <= bytesMax)
        {
            return text;
        }
        int end = bytesMax;
        while (end > 0 && (text[end] & 0xC0) == 0x80)
        {
            end--;
        }
        return text[..end];
    }
}

/// <summary>Where a connection stands.</summary>
[Flags]
internal enum ConnectionFlags : byte
{
    None = 0,
    CloseSent = 1,
    CloseReceived = 2,

    /// <summary>A message was begun and is not ended.</summary>
    MessageOpen = 4,

    /// <summary>The open message is text.</summary>
    TextMessage = 8,

    /// <summary>Something of the open message was handed out.</summary>
    MessageSeen = 16,

    /// <summary>The current frame ends its message.</summary>
    FinalFrame = 32,

    /// <summary>The open message is compressed.</summary>
    Compressed = 64,

    /// <summary>The inflater has more to give before it needs input.</summary>
    MoreInflated = 128,
}
