using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>What this end of a connection sends, in order: one message at a time, and between its frames what control frames wait.</summary>
/// <remarks>
/// <para><b>Threads.</b> Any. Messages queue for their turn. Control frames are gathered under <see cref="Gate"/>, which also
/// guards the connection's protocol state, and are written by whoever has the wire, or next gets it: so a reader that owes
/// a pong never waits for a peer that does not read.</para>
/// <para><b>Buffers.</b> What is sent is copied to be masked, 64 KB at a time, and belongs to the caller again when the call returns.</para>
/// <para><b>Errors.</b> Those of the transport are thrown to whoever sends a message; the reader meets them by itself, after what
/// the peer had still to say. If the peer is left with a part of a message for another reason, nothing can follow it, and the connection
/// is aborted.</para>
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Its semaphores have no handle to dispose of: nobody asks for one.")]
internal sealed class FrameSender(Stream stream, Action abort)
{
    private const int ChunkBytes = 64 * 1024;

    private readonly SemaphoreSlim _message = new(1, 1);
    private readonly SemaphoreSlim _wire = new(1, 1);
    private readonly ArrayBufferWriter<byte> _controls = new();
    private bool _pingIsDue;
    private bool _isCut; // the peer has a part of a message

    /// <summary>Guards the control frames that wait, and the state of the connection that they come from.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>A close frame is owed or was sent, or the connection has ended: no message may follow. Set under the <see cref="Gate"/>.</summary>
    internal bool IsClosing { get; set; }

    /// <summary>The transport took no more.</summary>
    internal bool IsBroken { get; private set; }

    private bool HasControls
    {
        get
        {
            lock (Gate)
            {
                return _controls.WrittenCount > 0 || _pingIsDue;
            }
        }
    }

    /// <summary>No message is being sent or waits for its turn.</summary>
    internal bool IsIdle => _message.CurrentCount == 1;

    /// <summary>Takes control frames to be sent; then call <see cref="FlushAsync"/>. Call it under the <see cref="Gate"/>, and
    /// not once <see cref="IsClosing"/>.</summary>
    /// <remarks>Pongs that still wait are dropped: of several only the latest must be sent (RFC 6455, 5.5.3).</remarks>
    internal void Owe(ReadOnlySpan<byte> frames)
    {
        _controls.ResetWrittenCount();
        _controls.Write(frames);
    }

    /// <summary>Asks the peer for a sign of life.</summary>
    internal Task PingAsync()
    {
        lock (Gate)
        {
            _pingIsDue = !IsClosing;
        }
        return FlushAsync();
    }

    /// <summary>Sends a message as one frame.</summary>
    /// <returns>False, and nothing sent, if the connection is closing.</returns>
    internal async ValueTask<bool> SendAsync(Opcode opcode, ReadOnlySequence<byte> payload, bool compressed, CancellationToken cancellationToken)
    {
        await _message.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await WriteFrameAsync(opcode, payload, final: true, compressed, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            EndMessage();
        }
    }

    /// <summary>Sends a message in fragments, as they can be read.</summary>
    /// <returns>False if the connection is closing.</returns>
    /// <exception cref="ArgumentException">It is to be text and is not UTF-8.</exception>
    internal async ValueTask<bool> SendAsync(Opcode opcode, Stream source, CancellationToken cancellationToken)
    {
        await _message.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] fragment = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            Utf8Validator text = default;
            Opcode next = opcode;
            for (bool final = false; !final; next = Opcode.Continuation)
            {
                int count = await source.ReadAtLeastAsync(fragment.AsMemory(0, ChunkBytes), ChunkBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                final = count < ChunkBytes;
                if (opcode == Opcode.Text && !(text.Accept(fragment.AsSpan(0, count)) && (!final || text.Complete)))
                {
                    throw new ArgumentException("The stream holds no valid UTF-8.", nameof(source));
                }
                if (!await WriteFrameAsync(next, new(fragment.AsMemory(0, count)), final, compressed: false, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(fragment);
            EndMessage();
        }
    }

    /// <summary>Writes the control frames that wait, unless somebody has the wire, who then does it. Never throws.</summary>
    internal async Task FlushAsync()
    {
        while (HasControls && _wire.Wait(0, CancellationToken.None))
        {
            try
            {
                await stream.WriteAsync(TakeControls()).ConfigureAwait(false);
                await stream.FlushAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (IsOfTransport(error))
            {
                IsBroken = true; // nobody is there to be told
            }
            finally
            {
                _wire.Release();
            }
        }
    }

    internal static bool IsOfTransport(Exception error) =>
        error is IOException or ObjectDisposedException or SocketException or HttpRequestException;

    private async ValueTask<bool> WriteFrameAsync(Opcode opcode, ReadOnlySequence<byte> payload, bool final, bool compressed, CancellationToken cancellationToken)
    {
        await _wire.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (IsClosing)
            {
                _isCut = false; // a close frame may stand in the middle of a message, and ends it
                return false;
            }
            _isCut = true;
            uint key = StrongMaskKeys.Instance.Next();
            byte[] chunk = ArrayPool<byte>.Shared.Rent((int)Math.Min(FrameHeader.BytesMax + payload.Length, ChunkBytes));
            int filled = FrameHeader.Write(chunk, opcode, final, payload.Length, key, compressed);
            do
            {
                int count = (int)Math.Min(payload.Length, chunk.Length - filled);
                Span<byte> masked = chunk.AsSpan(filled, count);
                payload.Slice(0, count).CopyTo(masked);
                Masking.Apply(masked, key);
                key = Masking.Advance(key, count);
                payload = payload.Slice(count);
                await stream.WriteAsync(chunk.AsMemory(0, filled + count), cancellationToken).ConfigureAwait(false);
                filled = 0;
            }
            while (!payload.IsEmpty);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(chunk); // not after an error, when the transport may still be reading it
            _isCut = !final;
        }
        catch (Exception error) when (IsOfTransport(error))
        {
            IsBroken = true;
            throw;
        }
        finally
        {
            _wire.Release();
        }
        await FlushAsync().ConfigureAwait(false);
        return true;
    }

    private void EndMessage()
    {
        if (_isCut && !IsBroken)
        {
            abort();
        }
        _message.Release();
    }

    private byte[] TakeControls()
    {
        lock (Gate)
        {
            if (_pingIsDue && !IsClosing)
            {
                WebSocketConnection<ClientRole>.WriteFrame(_controls, Opcode.Ping, default, StrongMaskKeys.Instance);
            }
            _pingIsDue = false;
            byte[] frames = _controls.WrittenSpan.ToArray();
            _controls.ResetWrittenCount();
            return frames;
        }
    }
}
