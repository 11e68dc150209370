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
    private bool _isCut; // the client has a part of a message, and waits for the rest of it; whoever has the turn knows

    /// <summary>Sends text.</summary>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendAsync(string text, CancellationToken cancellationToken = default) => SendAsync(text, SendOptions.None, cancellationToken);

    /// <summary>Sends text.</summary>
    /// <param name="text">What is no character in it becomes U+FFFD.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Stops waiting: for the turn, and then nothing is sent; or for a client that is behind, and then it is sent all the same.</param>
    /// <returns>False if it was dropped, as <see cref="WebSocketPathOptions.Overflow"/> has it for a client that takes too little.</returns>
    /// <exception cref="OperationCanceledException">The connection is over, or the token says so.</exception>
    public async ValueTask<bool> SendAsync(string text, SendOptions options, CancellationToken cancellationToken = default)
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
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        SendAsync(bytes, SendOptions.None, cancellationToken);

    /// <summary>Sends a binary message.</summary>
    /// <param name="bytes">Not to be changed until the send is complete.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes, SendOptions options, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(Opcode.Binary, bytes, options), cancellationToken);

    /// <summary>Sends text.</summary>
    /// <inheritdoc cref="SendTextAsync(ReadOnlyMemory{byte}, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        SendTextAsync(utf8, SendOptions.None, cancellationToken);

    /// <summary>Sends text.</summary>
    /// <param name="utf8">Valid UTF-8, which is not checked. Not to be changed until the send is complete.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendTextAsync(ReadOnlyMemory<byte> utf8, SendOptions options, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(Opcode.Text, utf8, options), cancellationToken);

    /// <summary>Sends what was read, here or elsewhere, in its kind.</summary>
    /// <param name="message">Still valid, and until the send is complete.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendAsync(WebSocketMessage message, CancellationToken cancellationToken = default) =>
        SendOneAsync(new(message.IsText ? Opcode.Text : Opcode.Binary, message.Bytes, SendOptions.None), cancellationToken);

    /// <summary>Sends a message that was encoded once for many.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">As <see cref="SendAsync(string, SendOptions, CancellationToken)"/> takes it.</param>
    /// <inheritdoc cref="SendAsync(string, SendOptions, CancellationToken)"/>
    public ValueTask<bool> SendAsync(SharedMessage message, CancellationToken cancellationToken = default) =>
        SendOneAsync(default(AsyncSend.Content) with { Shared = message }, cancellationToken);

    /// <summary>Sends a binary message as it can be read, and never holds more than a part of it. Not compressed; other messages to this client wait for its end.</summary>
    /// <param name="bytes">Read to its end.</param>
    /// <param name="cancellationToken">Stops it. In the middle of the message that closes the connection with 1011.</param>
    /// <exception cref="OperationCanceledException">The connection is over, or the token says so.</exception>
    /// <exception cref="IOException">Whatever the stream throws; in the middle of the message that closes the connection with 1011.</exception>
    public ValueTask SendAsync(Stream bytes, CancellationToken cancellationToken = default) => SendStreamAsync(Opcode.Binary, bytes, cancellationToken);

    /// <summary>Sends text as it can be read, and never holds more than a part of it. Not compressed; other messages to this client wait for its end.</summary>
    /// <param name="utf8">Read to its end; valid UTF-8, which is not checked.</param>
    /// <param name="cancellationToken">Stops it. In the middle of the message that closes the connection with 1011.</param>
    /// <inheritdoc cref="SendAsync(Stream, CancellationToken)"/>
    public ValueTask SendTextAsync(Stream utf8, CancellationToken cancellationToken = default) => SendStreamAsync(Opcode.Text, utf8, cancellationToken);

    private async ValueTask<bool> SendOneAsync(AsyncSend.Content content, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            SendResult result = await PostAsync(content).ConfigureAwait(false);
            await WaitAsync(_sender.DrainedAsync(), cancellationToken).ConfigureAwait(false);
            return result != SendResult.Refused;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask SendStreamAsync(Opcode opcode, Stream stream, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[] part = ArrayPool<byte>.Shared.Rent(PartBytes);
        try
        {
            bool isLast = false;
            while (!isLast)
            {
                int count = await stream.ReadAtLeastAsync(part.AsMemory(0, PartBytes), PartBytes, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
                isLast = count < PartBytes;
                await SendPartAsync(new(opcode, part.AsMemory(0, count), SendOptions.None) { IsLast = isLast }, cancellationToken).ConfigureAwait(false);
            }
        }
        catch when (_isCut)
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
    private async ValueTask SendPartAsync(AsyncSend.Content part, CancellationToken cancellationToken)
    {
        SendResult result;
        do
        {
            result = await PostAsync(part).ConfigureAwait(false);
            _isCut = result == SendResult.Refused ? _isCut : part.IsLast == false;
            await WaitAsync(_sender.DrainedAsync(), cancellationToken).ConfigureAwait(false);
        }
        while (result == SendResult.Refused);
    }

    private async ValueTask<SendResult> PostAsync(AsyncSend.Content content) =>
        await _sender.SendAsync(content).ConfigureAwait(false) ?? throw new OperationCanceledException("The connection is over.", Over);

    // Waits for a client that is behind. That the connection ends, and with it the handler's token, is told to the next send.
    private async ValueTask WaitAsync(Task drained, CancellationToken cancellationToken)
    {
        try
        {
            await drained.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (CloseCode is not null)
        {
            // What was accepted was accepted.
        }
    }
}
