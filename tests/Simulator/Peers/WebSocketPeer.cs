using System.Buffers;
using System.Text;
using Sluice.Protocol;

namespace Sluice.Simulator;

/// <summary>A peer that speaks WebSocket, by the protocol core's client role.</summary>
/// <remarks>While <see cref="Greet"/>, <see cref="Message"/> and <see cref="Closed"/> run, a derived
/// peer may send and close; it opens and leaves connections only from <see cref="Peer.Act"/>.</remarks>
internal abstract class WebSocketPeer(World world, string name, string path, Scenario scenario) : Peer(world, name), IMaskKeys
{
    private static readonly WebSocketLimits s_limits = new() { MessageBytesMax = 16 << 20 };

    private readonly byte[] _nonce = new byte[ClientHandshake.NonceBytes];
    private readonly ArrayBufferWriter<byte> _message = new();
    private readonly Queue<byte[]> _pings = new();
    private readonly DeflateOffer? _deflate = OfferOf(world.Prng);
    private Inflater? _inflater;
    private Inflater? _spareInflater; // of this peer's connections, one after the other: it is large
    private byte[] _input = new byte[4096];
    private int _inputLength;
    private HttpResponseHead _head;
    private bool _upgraded;
    private bool _refused;
    private WebSocketConnection<ClientRole> _protocol;
    private bool _closeTold;
    private bool _greeted;

    protected Scenario Scenario { get; } = scenario;

    /// <summary>Whether the handshake is done and no close frame was sent or received.</summary>
    protected bool IsOpen => HasConnection && _upgraded && !_protocol.CloseSent && !_protocol.CloseReceived;

    uint IMaskKeys.Next() => (uint)World.Prng.Next();

    /// <summary>Whether nothing on this connection is compressed.</summary>
    protected bool IsPlain => !_protocol.Deflate.Agreed;

    /// <summary>Whether the handshake of this connection is done.</summary>
    protected bool IsUpgraded => _upgraded;

    /// <summary>Breaks its connection, if a fault strikes.</summary>
    protected bool BreaksOff()
    {
        if (World.Faults.Strikes(Fault.ResetByPeer))
        {
            Abort();
            return true;
        }
        if (World.Faults.Strikes(Fault.EndedWithoutClose))
        {
            EndWriting();
            return true;
        }
        return false;
    }

    /// <summary>Connects and asks for the upgrade.</summary>
    protected void Open()
    {
        _inputLength = 0;
        _head = default;
        _upgraded = _refused = false;
        _protocol = default;
        _closeTold = false;
        _message.ResetWrittenCount();
        _pings.Clear();
        World.Prng.Fill(_nonce);
        Connect();
        ClientHandshake.WriteRequest(Output, "sluice", path, _nonce, new HandshakeOffer { Deflate = _deflate });
        _greeted = World.Prng.Chance(100);
        if (_greeted)
        {
            // Too early by the book, yet such bytes are the connection's first frames.
            World.Reach(Milestone.FramesWithRequest);
            Greet();
        }
        Flush();
    }

    /// <summary>Whether the server may answer so, instead of by an upgrade. It ends the connection then.</summary>
    protected virtual bool MayBeRefused(int status) => Scenario.MayRefuse(status);

    /// <summary>Says what comes first on a new connection.</summary>
    protected abstract void Greet();

    /// <summary>The handshake is done.</summary>
    protected virtual void Upgraded()
    {
    }

    protected abstract void Message(Opcode opcode, ReadOnlySpan<byte> message);

    /// <summary>The connection is over: the server's close code, or 1006 when there was none. Comes once.</summary>
    protected abstract void Closed(int code, string reason);

    /// <summary>Sends a whole message in one frame.</summary>
    protected void Send(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        if (_upgraded && _protocol.Deflate.Agreed && opcode < Opcode.Close && World.Prng.Chance(500))
        {
            SendCompressed(opcode, payload);
        }
        else
        {
            WebSocketConnection<ClientRole>.WriteFrame(Output, opcode, payload, this);
        }
        Flush();
    }

    private void SendCompressed(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] compressed = new byte[Deflater.BytesMax(payload.Length)];
        int length = World.Deflater.Compress(default, payload, _protocol.Deflate.SendWindowBits, compressed, out _);
        SendFrame(opcode, compressed.AsSpan(0, length), final: true, compressed: true);
    }

    private void SendFrame(Opcode opcode, ReadOnlySpan<byte> payload, bool final, bool compressed)
    {
        uint key = (uint)World.Prng.Next();
        Span<byte> frame = Output.GetSpan(FrameHeader.BytesMax + payload.Length);
        int header = FrameHeader.Write(frame, opcode, final, payload.Length, key, compressed);
        payload.CopyTo(frame[header..]);
        Masking.Apply(frame.Slice(header, payload.Length), key);
        Output.Advance(header + payload.Length);
    }

    /// <summary>Sends a ping, which may stand between the fragments of a message.</summary>
    protected void Ping()
    {
        byte[] payload = new byte[World.Prng.Between(sizeof(ulong), FrameHeader.ControlPayloadBytesMax)];
        World.Prng.Fill(payload);
        _pings.Enqueue(payload);
        Send(Opcode.Ping, payload);
    }

    /// <summary>Sends a message in fragments of any size, empty ones too.</summary>
    protected void SendFragmented(Opcode opcode, ReadOnlySpan<byte> payload, int fragmentsMax)
    {
        for (int left = World.Prng.Between(1, fragmentsMax); left > 0; left--)
        {
            int count = left == 1 ? payload.Length : World.Prng.Between(0, payload.Length);
            SendFrame(opcode, payload[..count], final: left == 1, compressed: false);
            payload = payload[count..];
            opcode = Opcode.Continuation;
            if (World.Prng.Chance(100))
            {
                Ping();
            }
        }
        Flush();
    }

    /// <summary>Begins the closing handshake.</summary>
    protected void Close(ushort code)
    {
        _protocol.WriteClose(Output, code, default, this);
        Flush();
    }

    protected override void Received(Span<byte> bytes)
    {
        if (_refused)
        {
            return; // what is said about it
        }
        if (_inputLength + bytes.Length > _input.Length)
        {
            Array.Resize(ref _input, 2 * (_inputLength + bytes.Length));
        }
        bytes.CopyTo(_input.AsSpan(_inputLength));
        _inputLength += bytes.Length;
        if (_upgraded || ReadHead())
        {
            ReadFrames();
        }
    }

    protected override void Lost() => TellClosed(CloseCodes.Abnormal, "");

    private bool ReadHead()
    {
        ReadOnlySpan<byte> bytes = _input.AsSpan(0, _inputLength);
        HeadStatus status = _head.Parse(bytes, HttpHeadLimits.Default);
        Violation.Unless(status != HeadStatus.Refused, "a response head is not HTTP");
        if (status == HeadStatus.NeedMore)
        {
            return false;
        }
        HandshakeVerdict verdict = ClientHandshake.Judge(_head, bytes, _nonce, new HandshakeOffer { Deflate = _deflate }, out HandshakeAgreement agreement);
        if (!verdict.Accepted)
        {
            Violation.Unless(MayBeRefused(_head.Status), $"{Name}: a well-formed handshake was refused with {_head.Status}");
            World.Reach(Milestone.RefusedInHttp);
            _refused = true;
            return false;
        }
        bytes[_head.Length..].CopyTo(_input);
        _inputLength -= _head.Length;
        _upgraded = true;
        Upgraded();
        _protocol.Deflate = agreement.Deflate;
        _inflater = agreement.Deflate.Agreed ? Forget(_spareInflater ??= new Inflater()) : null;
        World.Trace.Note(World.Now, Name, "is open");
        if (!_greeted)
        {
            Greet();
        }
        return true;
    }

    private void ReadFrames()
    {
        Span<byte> input = _input.AsSpan(0, _inputLength);
        foreach (WebSocketEvent e in _protocol.Receive(input, Output, s_limits, this, _inflater))
        {
            switch (e.Kind)
            {
                case WebSocketEventKind.Data:
                    ReadData(e);
                    break;
                case WebSocketEventKind.Pong:
                    ReadPong(e.Payload);
                    break;
                case WebSocketEventKind.Close:
                    TellClosed(e.CloseCode, Encoding.UTF8.GetString(e.Reason));
                    break;
                case WebSocketEventKind.Violation:
                    Violation.Found($"{Name}: the server broke the protocol: {Encoding.UTF8.GetString(e.Reason)}");
                    break;
            }
        }
        int unread = _protocol.Unread;
        input[^unread..].CopyTo(_input);
        _inputLength = unread;
        if (_inflater is { MessageBytes: > 0 })
        {
            World.Reach(Milestone.Inflated);
        }
        Flush();
    }

    // Behind a message that looks back at nothing and has nothing, an inflater remembers nothing that a message could look back at.
    private static Inflater Forget(Inflater inflater)
    {
        inflater.Begin(windowBits: 15, keepWindow: false);
        Violation.Unless(inflater.Step([], final: true, out _, out _) == InflateStatus.Done, "an empty message is not complete");
        return inflater;
    }

    private static DeflateOffer? OfferOf(Prng prng) => !prng.Chance(300) ? null : new DeflateOffer
    {
        ReceiveFresh = prng.Chance(200),
        ReceiveWindowBitsMax = prng.Pick<int>([15, 15, 12, 9, 8]),
    };

    private void ReadData(in WebSocketEvent e)
    {
        if (e.First && e.Last)
        {
            Message(e.Opcode, e.Payload);
            return;
        }
        _message.Write(e.Payload);
        if (e.Last)
        {
            Message(e.Opcode, _message.WrittenSpan);
            _message.ResetWrittenCount();
        }
    }

    private void ReadPong(ReadOnlySpan<byte> payload)
    {
        // Of pongs that could not be sent yet the latest is enough (RFC 6455, 5.5.3).
        bool found = false;
        while (!found && _pings.TryDequeue(out byte[]? ping))
        {
            found = payload.SequenceEqual(ping);
        }
        Violation.Unless(found, "a pong without a ping");
    }

    private void TellClosed(int code, string reason)
    {
        if (!_closeTold)
        {
            _closeTold = true;
            World.Trace.Note(World.Now, Name, "is closed", code, 0, reason);
            Closed(code, reason);
        }
    }
}
