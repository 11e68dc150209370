using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Tests.Protocol;

/// <summary>What stands in the memory budget: sizes of rows, and that traffic allocates nothing.</summary>
public class CostTests
{
    private const int Runs = 100;

    [Fact]
    public void A_connection_takes_36_bytes_and_a_head_16()
    {
        Assert.Equal(36, Unsafe.SizeOf<WebSocketConnection<ServerRole>>());
        Assert.Equal(36, Unsafe.SizeOf<WebSocketConnection<ClientRole>>());
        Assert.Equal(16, Unsafe.SizeOf<HttpHead>());
    }

    [Fact]
    public void Messages_of_every_shape_allocate_nothing()
    {
        byte[] stream =
        [
            .. Hex.Frame(Opcode.Text, true, new byte[64]), .. Hex.Frame(Opcode.Binary, true, new byte[300]),
            .. Hex.Frame(Opcode.Text, false, "aé"u8), .. Hex.Frame(Opcode.Ping, true, [1, 2]), .. Hex.Frame(Opcode.Continuation, true, "€"u8),
        ];
        ArrayBufferWriter<byte> output = new(4096);
        WebSocketConnection<ServerRole> connection = default;
        byte[] input = new byte[stream.Length];
        int lasts = 0;
        Allocation.IsNone(Runs, () =>
        {
            stream.CopyTo(input, 0);
            output.ResetWrittenCount();
            foreach (WebSocketEvent e in connection.Receive(input, output, WebSocketLimits.Default))
            {
                lasts += e.Last ? 1 : 0;
                WebSocketConnection<ServerRole>.WriteFrame(output, Opcode.Binary, e.Payload);
            }
        });
        Assert.Equal(2 * Runs * 3, lasts);
    }

    [Fact]
    public void Hardening51_A_bad_frame_and_its_close_allocate_nothing()
    {
        byte[] input = Hex.Frame((Opcode)3, true, [1]);
        ArrayBufferWriter<byte> output = new(256);
        int violations = 0;
        Allocation.IsNone(Runs, () =>
        {
            WebSocketConnection<ServerRole> connection = default;
            output.ResetWrittenCount();
            foreach (WebSocketEvent e in connection.Receive(input, output, WebSocketLimits.Default))
            {
                violations += e.CloseCode == 1002 ? 1 : 0;
            }
        });
        Assert.Equal(2 * Runs, violations);
    }

    [Fact]
    public void A_handshake_and_its_refusal_allocate_nothing()
    {
        byte[] request = Encoding.ASCII.GetBytes(
            "GET /connection/websocket?a=b HTTP/1.1\r\nHost: example.com:8000\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://example.com:8000\r\n" +
            "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n");
        ArrayBufferWriter<byte> output = new(1024);
        string[] protocols = ["c", "b"];
        DeflateOptions deflate = new() { ReceiveWindowBitsMax = 10 };
        Allocation.IsNone(Runs, () =>
        {
            output.ResetWrittenCount();
            HttpHead head = default;
            head.Parse(request.AsSpan(0, 40), HttpHeadLimits.Default);
            head.Parse(request, HttpHeadLimits.Default);
            HandshakeTerms terms = new() { Subprotocols = protocols, Deflate = deflate };
            HandshakeVerdict verdict = Handshake.Judge(head, request, terms, out HandshakeRequest accepted, out HandshakeAgreement agreement);
            Handshake.WriteAccept(output, accepted, agreement);
            Handshake.WriteRefusal(output, 426, verdict.Reason);
        });
        string answers = Encoding.ASCII.GetString(output.WrittenSpan);
        Assert.Contains("Sec-WebSocket-Protocol: b\r\n", answers, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; client_max_window_bits=10\r\n", answers, StringComparison.Ordinal);
    }
}
