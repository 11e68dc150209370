using System.Threading.Tasks.Sources;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>One connection's way from a task to its loop: the message that is posted, and what the task awaits.</summary>
/// <remarks>One at a time, used again and again. It is posted, and then taken exactly once: by the loop, which sends, or by
/// the end of the connection, after which no loop may be there to take it.</remarks>
internal sealed class AsyncSend(WebSocket socket) : LoopMessage, IValueTaskSource<SendResult?>
{
    private const int Idle = 0;
    private const int Posted = 1;

    private ManualResetValueTaskSourceCore<SendResult?> _done = new() { RunContinuationsAsynchronously = true };
    private int _state;
    private bool _isOver;
    private Content _content;
    private TaskCompletionSource? _drained; // while the client is behind and somebody is to be told

    /// <summary>Sends. Its bytes must stay as they are until this is complete; which is soon, whatever the client does.</summary>
    /// <returns>Null when the connection is over, or being closed: nothing is sent any more.</returns>
    internal ValueTask<SendResult?> SendAsync(in Content content)
    {
        _content = content;
        _done.Reset();
        Volatile.Write(ref _state, Posted);
        if (!Volatile.Read(ref _isOver))
        {
            socket.Loop!.Loop.Post(this);
        }
        if (Volatile.Read(ref _isOver))
        {
            Give(null);
        }
        return new(this, _done.Version);
    }

    /// <summary>Waits until the client has taken what waited for it, or is gone; complete already if it was not behind.</summary>
    internal Task DrainedAsync() => Volatile.Read(ref _drained)?.Task ?? Task.CompletedTask;

    /// <summary>The client is no longer behind. The loop's.</summary>
    internal void Drained() => Interlocked.Exchange(ref _drained, null)?.SetResult();

    /// <summary>Nothing is sent any more. The loop's.</summary>
    internal void End()
    {
        Volatile.Write(ref _isOver, true);
        Give(null);
        Drained();
    }

    public override void Run()
    {
        if (Volatile.Read(ref _state) == Posted && !_isOver)
        {
            SendResult result = _content.SendTo(socket);
            bool isOpen = socket.IsOpen;
            // What waits for a client that takes goes out before this turn is over: nobody needs to be told of that.
            if (result != SendResult.Sent && isOpen && socket.IsBlocked)
            {
                _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            Give(result == SendResult.Refused && !isOpen ? null : result);
        }
    }

    SendResult? IValueTaskSource<SendResult?>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<SendResult?>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<SendResult?>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    private void Give(SendResult? result)
    {
        if (Interlocked.CompareExchange(ref _state, Idle, Posted) == Posted)
        {
            _content = default;
            _done.SetResult(result);
        }
    }

    /// <summary>What is sent: a message of one's own or of many, or a part of one.</summary>
    internal readonly record struct Content(Opcode Opcode, ReadOnlyMemory<byte> Bytes, SendOptions Options)
    {
        internal SharedMessage? Shared { get; init; }

        /// <summary>For a part: whether the message ends with it.</summary>
        internal bool? IsLast { get; init; }

        internal SendResult SendTo(WebSocket socket) =>
            Shared is not null ? socket.Send(Shared)
            : IsLast is bool last ? socket.SendPart(Bytes.Span, last, Opcode)
            : socket.Send(Opcode, Bytes.Span, Options);
    }
}
