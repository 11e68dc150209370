using System.Buffers;
using System.Text;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// Each send has its turn; what it posts is done by the loop, and while the client is behind it is waited for.
public sealed partial class AsyncWebSocket
{
    private const int PartBytes = 32 * 1024;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly AsyncSend _sender;

    /// <summary>Sends text.</summary>
    /// <param name="text">What is no character in it becomes U+FFFD.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Stops waiting: for the turn, and then nothing is sent; or for a client that is behind, and then it is sent all the same.</param>
    /// <returns>False if it was not accepted: the connection is over, or <see cref="WebSocketPathOptions.Overflow"/> has it so.</returns>
    public async ValueTask<bool> SendAsync(string text, SendOptions options = SendOptions.None, CancellationToken cancellationToken = default)
    {
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            int count = Encoding.UTF8.GetBytes(text, utf8);
            return await SendOneAsync(new(Opcode.Text, utf8.AsMemory(0, count), options), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
        }
    }

    /// <summary>Sends a binary message.</summary>
    /// <param name="bytes">Not to be changed until the send is complete.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <returns>False if it was not accepted: the connection is over, or <see cref="WebSocketPathOptions.Overflow"/> has it so.</returns>
    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, SendOptions options = SendOptions.None, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(Opcode.Binary, bytes, options), cancellationToken);

    /// <summary>Sends text.</summary>
    /// <param name="utf8">Valid UTF-8, which is not checked. Not to be changed until the send is complete.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <returns>False if it was not accepted: the connection is over, or <see cref="WebSocketPathOptions.Overflow"/> has it so.</returns>
    public ValueTask<bool> SendTextAsync(ReadOnlyMemory<byte> utf8, SendOptions options = SendOptions.None, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(Opcode.Text, utf8, options), cancellationToken);

    /// <summary>Sends what was read, here or elsewhere, in its kind.</summary>
    /// <param name="message">Still valid, and until the send is complete.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <returns>False if it was not accepted: the connection is over, or <see cref="WebSocketPathOptions.Overflow"/> has it so.</returns>
    public ValueTask<bool> SendAsync(WebSocketMessage message, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(message.IsText ? Opcode.Text : Opcode.Binary, message.Bytes, SendOptions.None), cancellationToken);

    /// <summary>Sends a message that was encoded once for many.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <returns>False if it was not accepted: the connection is over, or <see cref="WebSocketPathOptions.Overflow"/> has it so.</returns>
    public ValueTask<bool> SendAsync(SharedMessage message, CancellationToken cancellationToken = default) =>
        SendOneAsync(default(AsyncSend.Content) with { Shared = message }, cancellationToken);

    /// <summary>Sends a binary message as it can be read, and never holds more than a part of it. Not compressed; other messages to this client wait for its end.</summary>
    /// <param name="bytes">Read to its end.</param>
    /// <param name="cancellationToken">Stops it. In the middle of the message that closes the connection with 1011.</param>
    /// <returns>False if the connection is over.</returns>
    /// <exception cref="IOException">Whatever the stream throws; the connection is closed with 1011, since the client has a part of the message.</exception>
    public ValueTask<bool> SendAsync(Stream bytes, CancellationToken cancellationToken = default) => SendStreamAsync(Opcode.Binary, bytes, cancellationToken);

    /// <summary>Sends text as it can be read, as <see cref="SendAsync(Stream, CancellationToken)"/> does.</summary>
    /// <param name="utf8">Valid UTF-8, which is not checked. Read to its end.</param>
    /// <param name="cancellationToken">Stops it. In the middle of the message that closes the connection with 1011.</param>
    /// <returns>False if the connection is over.</returns>
    /// <exception cref="IOException">Whatever the stream throws; the connection is closed with 1011, since the client has a part of the message.</exception>
    public ValueTask<bool> SendTextAsync(Stream utf8, CancellationToken cancellationToken = default) => SendStreamAsync(Opcode.Text, utf8, cancellationToken);

    private async ValueTask<bool> SendOneAsync(AsyncSend.Content content, CancellationToken cancellationToken)
    {
        if (!await TakeTurnAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }
        try
        {
            SendResult result = await _sender.SendAsync(content).ConfigureAwait(false);
            await WaitAsync(_sender.DrainedAsync(), cancellationToken).ConfigureAwait(false);
            return result != SendResult.Refused;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<bool> SendStreamAsync(Opcode opcode, Stream stream, CancellationToken cancellationToken)
    {
        if (!await TakeTurnAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }
        byte[] part = ArrayPool<byte>.Shared.Rent(PartBytes);
        bool hasBegun = false;
        try
        {
            bool isLast = false;
            while (!isLast)
            {
                int count = await stream.ReadAtLeastAsync(part.AsMemory(0, PartBytes), PartBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                isLast = count < PartBytes;
                if (!await SendPartAsync(new(opcode, part.AsMemory(0, count), SendOptions.None) { IsLast = isLast }, cancellationToken).ConfigureAwait(false))
                {
                    return false;
                }
                hasBegun = !isLast;
            }
            return true;
        }
        catch when (hasBegun)
        {
            Close(CloseCodes.InternalError, "error");
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(part);
            _turn.Release();
        }
    }

    // A part is refused while too much waits, and offered again when it does not.
    private async ValueTask<bool> SendPartAsync(AsyncSend.Content part, CancellationToken cancellationToken)
    {
        while (true)
        {
            SendResult result = await _sender.SendAsync(part).ConfigureAwait(false);
            Task drained = _sender.DrainedAsync();
            if (result == SendResult.Refused && drained.IsCompleted && CloseCode is not null)
            {
                return false;
            }
            await WaitAsync(drained, cancellationToken).ConfigureAwait(false);
            if (result != SendResult.Refused)
            {
                return true;
            }
        }
    }

    // False when the connection is over.
    private async ValueTask<bool> TakeTurnAsync(CancellationToken cancellationToken) =>
        CloseCode is null && await WaitAsync(_turn.WaitAsync(cancellationToken), CancellationToken.None).ConfigureAwait(false);

    // Waits for the loop, or for one's turn. That the connection ends, and with it the handler's token, is no cancellation.
    private async ValueTask<bool> WaitAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (CloseCode is not null)
        {
            return false;
        }
    }
}
