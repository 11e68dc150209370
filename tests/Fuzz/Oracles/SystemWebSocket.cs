using System.Net.WebSockets;
using System.Runtime.InteropServices;
using Sluice.Protocol;

namespace Sluice.Fuzz;

/// <summary>The runtime's own WebSocket, fed from memory: the other opinion about a stream of frames.</summary>
internal static class SystemWebSocket
{
    /// <summary>Reads the whole stream.</summary>
    /// <param name="stream">Frames.</param>
    /// <param name="server">Which end reads.</param>
    /// <param name="deflate">What was agreed about compression.</param>
    public static WebSocketTranscript Read(byte[] stream, bool server, DeflateAgreement deflate)
    {
        WebSocketTranscript transcript = new();
        using Wire wire = new(stream);
        using WebSocket socket = WebSocket.CreateFromStream(wire, new WebSocketCreationOptions
        {
            IsServer = server,
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
            DangerousDeflateOptions = OptionsOf(deflate, server),
        });
        try
        {
            while (ReadMessage(socket, transcript))
            {
            }
        }
        catch (WebSocketException refused)
        {
            if (refused.WebSocketErrorCode != WebSocketError.ConnectionClosedPrematurely)
            {
                transcript.EndWith(StreamEnd.Refused, wire.CloseCodeSent(masked: !server), refused.Message);
            }
        }
        return transcript;
    }

    private static bool ReadMessage(WebSocket socket, WebSocketTranscript transcript)
    {
        List<byte> message = [];
        byte[] buffer = new byte[4096];
        while (true)
        {
            ValueWebSocketReceiveResult result = socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (result.MessageType == WebSocketMessageType.Close)
            {
                transcript.EndWith(StreamEnd.Closed, (int?)socket.CloseStatus ?? CloseCodes.NoStatus, socket.CloseStatusDescription ?? "");
                return false;
            }
            message.AddRange(buffer.AsSpan(0, result.Count));
            if (result.EndOfMessage)
            {
                transcript.AddMessage(result.MessageType == WebSocketMessageType.Text, CollectionsMarshal.AsSpan(message));
                return true;
            }
        }
    }

    private static WebSocketDeflateOptions? OptionsOf(DeflateAgreement deflate, bool server) => !deflate.Agreed ? null : new()
    {
        ClientMaxWindowBits = server ? deflate.ReceiveWindowBits : deflate.SendWindowBits,
        ServerMaxWindowBits = server ? deflate.SendWindowBits : deflate.ReceiveWindowBits,
        ClientContextTakeover = server ? !deflate.ReceiveFresh : !deflate.SendFresh,
        ServerContextTakeover = server ? !deflate.SendFresh : !deflate.ReceiveFresh,
    };

    /// <summary>A duplex stream whose other end has said all it will say. Nothing waits.</summary>
    private sealed class Wire(byte[] incoming) : Stream
    {
        private readonly MemoryStream _incoming = new(incoming);
        private readonly MemoryStream _outgoing = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>The code in the close frame that was written; 0 if none was.</summary>
        public int CloseCodeSent(bool masked)
        {
            Span<byte> sent = _outgoing.ToArray();
            while (FrameHeader.TryRead(sent, out FrameHeader header))
            {
                Span<byte> payload = sent.Slice(header.Size, (int)header.PayloadLength);
                Oracle.Same(masked, header.Masked, "The other WebSocket masks as its end must.");
                Masking.Apply(payload, header.Mask);
                if (header.Opcode == Opcode.Close)
                {
                    return payload.Length < 2 ? CloseCodes.NoStatus : (payload[0] << 8) | payload[1];
                }
                sent = sent[(header.Size + payload.Length)..];
            }
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => _incoming.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(_incoming.Read(buffer.Span));

        public override void Write(byte[] buffer, int offset, int count) => _outgoing.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _outgoing.Write(buffer.Span);
            return default;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _incoming.Dispose();
            _outgoing.Dispose();
            base.Dispose(disposing);
        }
    }
}
