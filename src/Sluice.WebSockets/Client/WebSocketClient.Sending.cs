using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

// Every send returns when the transport has the message: a server that takes too little makes its senders wait. What was
// given belongs to the caller again then. All of them throw WebSocketClientException, Closed if the connection is closing or
// closed and Lost if it broke while sending, and OperationCanceledException as the contract above says.
public sealed partial class WebSocketClient
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Sends a text message.</summary>
    /// <param name="text">Without half a surrogate pair.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="ArgumentException">The text cannot be written as UTF-8. Nothing was sent.</exception>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) => SendAsync(text, SendOptions.None, cancellationToken);

    /// <inheritdoc cref="SendAsync(string, CancellationToken)"/>
    /// <param name="text">Without half a surrogate pair.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    public async ValueTask SendAsync(string text, SendOptions options, CancellationToken cancellationToken = default)
    {
        byte[] utf8 = ArrayPool<byte>.Shared.Rent(s_strictUtf8.GetByteCount(text));
        int length = s_strictUtf8.GetBytes(text, utf8);
        try
        {
            await SendAsync(Opcode.Text, new ReadOnlySequence<byte>(utf8, 0, length), options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(utf8);
        }
    }

    /// <summary>Sends a binary message.</summary>
    /// <param name="bytes">Unchanged until the call returns.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        SendAsync(bytes, SendOptions.None, cancellationToken);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="bytes">Unchanged until the call returns.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, SendOptions options, CancellationToken cancellationToken = default) =>
        SendAsync(new ReadOnlySequence<byte>(bytes), options, cancellationToken);

    /// <summary>Sends a binary message that lies in pieces.</summary>
    /// <param name="bytes">Unchanged until the call returns.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendAsync(ReadOnlySequence<byte> bytes, SendOptions options = SendOptions.None, CancellationToken cancellationToken = default) =>
        SendAsync(Opcode.Binary, bytes, options, cancellationToken);

    /// <summary>Sends a text message that is UTF-8 already.</summary>
    /// <param name="utf8">Unchanged until the call returns.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="ArgumentException">It is not UTF-8. Nothing was sent.</exception>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, SendOptions options = SendOptions.None, CancellationToken cancellationToken = default) =>
        Utf8.IsValid(utf8.Span)
            ? SendAsync(Opcode.Text, new ReadOnlySequence<byte>(utf8), options, cancellationToken)
            : throw new ArgumentException("A text message is valid UTF-8.", nameof(utf8));

    /// <summary>Sends a binary message in fragments of 64 KB, read from a stream, without holding it.</summary>
    /// <param name="bytes">Read to its end, and not disposed. If reading fails in the middle, the connection is aborted.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendAsync(Stream bytes, CancellationToken cancellationToken = default) => SendAsync(Opcode.Binary, bytes, cancellationToken);

    /// <summary>Sends a text message in fragments of 64 KB, read from a stream, without holding it.</summary>
    /// <param name="utf8">Read to its end, and not disposed. If reading fails in the middle, the connection is aborted.</param>
    /// <param name="cancellationToken">See the contract of this class.</param>
    /// <exception cref="ArgumentException">It is not UTF-8. If that shows in the middle, the connection is aborted.</exception>
    /// <exception cref="WebSocketClientException">The connection is closed or lost.</exception>
    public ValueTask SendTextAsync(Stream utf8, CancellationToken cancellationToken = default) => SendAsync(Opcode.Text, utf8, cancellationToken);

    private async ValueTask SendAsync(Opcode opcode, ReadOnlySequence<byte> payload, SendOptions options, CancellationToken cancellationToken)
    {
        byte[]? rented = null;
        bool compressed = IsWorthCompressing(payload.Length, options) && Codecs.TryCompress(ref payload, _deflate.SendWindowBits, out rented);
        try
        {
            await ExpectSentAsync(_sender.SendAsync(opcode, payload, compressed, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private ValueTask SendAsync(Opcode opcode, Stream source, CancellationToken cancellationToken) =>
        ExpectSentAsync(_sender.SendAsync(opcode, source, cancellationToken));

    private bool IsWorthCompressing(long length, SendOptions options) =>
        _deflate.Agreed && (options & SendOptions.Uncompressed) == 0
        && length >= _options.DeflateMessageBytesMin && length <= _options.DeflateMessageBytesMax;

    private async ValueTask ExpectSentAsync(ValueTask<bool> sending)
    {
        try
        {
            if (!await sending.ConfigureAwait(false))
            {
                throw WebSocketClientException.Closed(CloseCode, CloseReason);
            }
        }
        catch (Exception error) when (_sender.IsBroken && FrameSender.IsOfTransport(error))
        {
            throw CloseCode is null ? WebSocketClientException.Lost(error) : WebSocketClientException.Closed(CloseCode, CloseReason);
        }
    }
}
