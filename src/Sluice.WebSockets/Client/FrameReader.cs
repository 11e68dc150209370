using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>What arrives on a connection: bytes of the transport in, pieces of messages out.</summary>
/// <remarks>
/// <para><b>Threads.</b> One caller at a time of everything but <see cref="Close"/>, <see cref="IsWaiting"/> and <see cref="HeardAt"/>.</para>
/// <para><b>Staleness.</b> The bytes of an arrival are valid until the next call.</para>
/// <para><b>Cancellation.</b> A read of the transport outlives the call that began it and is taken up by the next one.</para>
/// <para><b>Errors.</b> The peer's and the transport's are an <see cref="ArrivalKind.End"/>, which is told again by each further call.</para>
/// </remarks>
internal sealed class FrameReader
{
    private const int DrainedBytes = 4 * 1024;

    private readonly Stream _stream;
    private readonly FrameSender _sender;
    private readonly TimeProvider _clock;
    private readonly WebSocketLimits _limits;
    private readonly WebSocketLimits _streamLimits;

    // What was read lies in [_start, _end) until it is parsed. It is no pooled array: a caller may hold a part of it.
    private readonly MessageBuffer _message = new();
    private byte[] _input;
    private int _start;
    private int _end;

    // Guarded by the sender's gate, as closing comes from other threads.
    private readonly ArrayBufferWriter<byte> _replies = new();
    private WebSocketConnection<ClientRole> _connection;

    private Inflater? _inflater; // while it holds something of this connection
    private volatile Task<int>? _reading;
    private Ending? _ending;
    private long _heardAt;

    internal FrameReader(Upgraded upgraded, FrameSender sender, WebSocketClientOptions options)
    {
        _stream = upgraded.Stream;
        _sender = sender;
        _clock = options.TimeProvider;
        _limits = options.Limits;
        _streamLimits = options.Limits with { MessageBytesMax = options.StreamedMessageBytesMax };
        _input = upgraded.Buffer;
        _start = upgraded.UnreadAt;
        _end = upgraded.UnreadEnd;
        _connection.Deflate = upgraded.Agreement.Deflate;
        _heardAt = _clock.GetTimestamp();
    }

    /// <summary>Nothing has arrived that is not parsed, and somebody waits for it.</summary>
    internal bool IsWaiting => _reading is { IsCompleted: false };

    /// <summary>When something arrived last, on the connection's clock.</summary>
    internal long HeardAt => Volatile.Read(ref _heardAt);

    /// <summary>A message was begun to be gathered and is not here whole.</summary>
    internal bool IsGathering { get; private set; }

    /// <summary>Nothing of a message has arrived that was not handed out whole, as far as is known without asking the system.</summary>
    internal bool IsClean => _start == _end && !_connection.InMessage && _reading is not { IsCompleted: true };

    /// <summary>Reads on to what arrives next.</summary>
    /// <param name="whole">Whether a message is gathered, so that only whole ones arrive; else each piece of it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<Arrival> NextAsync(bool whole, CancellationToken cancellationToken)
    {
        if (!IsGathering)
        {
            _message.Release();
        }
        while (_ending is null)
        {
            Arrival arrival = Parse(whole);
            _ = _sender.FlushAsync();
            if (arrival.Kind != ArrivalKind.Nothing)
            {
                return arrival;
            }
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
        return new(ArrivalKind.End) { Ending = _ending };
    }

    /// <summary>Has the close frame sent, once. What arrives after it, other than the peer's own, is dropped.</summary>
    internal void Close(ushort code, string reason)
    {
        lock (_sender.Gate)
        {
            _connection.WriteClose(_replies, code, Encoding.UTF8.GetBytes(reason), StrongMaskKeys.Instance);
            PassReplies();
        }
    }

    /// <summary>What was handed out stays with whoever has it: what comes is not written over it.</summary>
    internal void Detach()
    {
        if (_reading is null)
        {
            byte[] fresh = new byte[_input.Length];
            _input.AsSpan(_start, _end - _start).CopyTo(fresh);
            (_input, _start, _end) = (fresh, 0, _end - _start);
        }
        _message.Forget();
    }

    /// <summary>Drops what still arrives, until the peer ends the connection.</summary>
    internal async Task DrainAsync(CancellationToken cancellationToken)
    {
        byte[] dropped = new byte[DrainedBytes];
        while (await _stream.ReadAsync(dropped, cancellationToken).ConfigureAwait(false) > 0)
        {
        }
    }

    private Arrival Parse(bool whole)
    {
        lock (_sender.Gate)
        {
            Inflater? inflater = TakeInflater();
            Arrival arrival = default;
            Span<byte> input = _input.AsSpan(_start, _end - _start);
            foreach (WebSocketEvent e in _connection.Receive(input, _replies, whole ? _limits : _streamLimits, StrongMaskKeys.Instance, inflater))
            {
                arrival = e.Kind switch
                {
                    WebSocketEventKind.Data => _connection.CloseSent ? default : Take(e, input, whole),
                    WebSocketEventKind.Pong => new(ArrivalKind.Pong),
                    WebSocketEventKind.Ping => default,
                    _ => End(e),
                };
                if (arrival.Kind != ArrivalKind.Nothing)
                {
                    break;
                }
            }
            _start = _end - _connection.Unread;
            KeepInflater(inflater);
            PassReplies();
            return arrival;
        }
    }

    // A piece that lies in the input is handed out where it lies, unless it must be gathered.
    private Arrival Take(in WebSocketEvent e, Span<byte> input, bool whole)
    {
        bool isText = e.Opcode == Opcode.Text;
        if (((ReadOnlySpan<byte>)input).Overlaps(e.Payload, out int at) && (!whole || (e.First && e.Last)))
        {
            return new(ArrivalKind.Piece) { Bytes = _input.AsMemory(_start + at, e.Payload.Length), IsText = isText, IsLast = e.Last };
        }
        _message.Append(e.Payload);
        IsGathering = whole && !e.Last;
        return IsGathering ? default : new(ArrivalKind.Piece) { Bytes = _message.Written, IsText = isText, IsLast = e.Last };
    }

    private Arrival End(in WebSocketEvent e)
    {
        string reason = Encoding.UTF8.GetString(e.Reason);
        WebSocketClientException? failure = e.Kind == WebSocketEventKind.Close
            ? null
            : new(WebSocketFailure.ProtocolError, $"The server broke the protocol: {reason}.") { CloseCode = e.CloseCode };
        _ending = new Ending(e.CloseCode, reason, failure);
        return new(ArrivalKind.End) { Ending = _ending };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        try
        {
            int count = await (_reading ??= ReadMore()).WaitAsync(cancellationToken).ConfigureAwait(false);
            _reading = null;
            _end += count;
            Volatile.Write(ref _heardAt, _clock.GetTimestamp());
            if (count == 0)
            {
                EndWithoutClose(null);
            }
        }
        catch (Exception error) when (FrameSender.IsOfTransport(error))
        {
            _reading = null;
            EndWithoutClose(error);
        }
    }

    private Task<int> ReadMore()
    {
        // Little is unread here: a header or a control frame that is not there whole.
        _input.AsSpan(_start, _end - _start).CopyTo(_input);
        (_start, _end) = (0, _end - _start);
        return _stream.ReadAsync(_input.AsMemory(_end), CancellationToken.None).AsTask();
    }

    private void EndWithoutClose(Exception? error)
    {
        lock (_sender.Gate)
        {
            // Once we have closed it is no loss.
            _ending = new Ending(CloseCodes.Abnormal, "", _connection.CloseSent ? null : WebSocketClientException.Lost(error));
            _sender.IsClosing = true;
        }
    }

    private void PassReplies()
    {
        if (_replies.WrittenCount > 0)
        {
            _sender.Owe(_replies.WrittenSpan);
            _replies.ResetWrittenCount();
        }
        _sender.IsClosing |= _connection.CloseSent;
    }

    // One that keeps the messages before is never another connection's.
    private Inflater? TakeInflater() =>
        !_connection.Deflate.Agreed ? null : _inflater ?? (_connection.Deflate.ReceiveFresh ? Codecs.RentInflater() : new Inflater());

    private void KeepInflater(Inflater? inflater)
    {
        _inflater = _connection.InflaterInUse ? inflater : null;
        if (inflater is not null && _inflater is null)
        {
            Codecs.Return(inflater);
        }
    }
}
