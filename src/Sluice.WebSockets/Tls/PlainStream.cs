using System.Net.Security;

namespace Sluice.WebSockets;

/// <summary>The plaintext of a connection that a loop has peeked at: what was seen comes first.</summary>
/// <param name="tls">Everything else.</param>
/// <param name="seen">What was seen.</param>
/// <param name="news">The read without a buffer that pends; it comes before any other.</param>
internal sealed class PlainStream(SslStream tls, ReadOnlyMemory<byte> seen, ValueTask<int> news) : UnseekableStream
{
    private Task? _news = news.AsTask();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!seen.IsEmpty)
        {
            int count = Math.Min(seen.Length, buffer.Length);
            seen[..count].CopyTo(buffer);
            seen = seen[count..];
            return count;
        }
        if (_news is not null)
        {
            await _news.WaitAsync(cancellationToken).ConfigureAwait(false);
            _news = null;
        }
        return await tls.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        tls.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => tls.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => tls.Flush();

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => tls.Write(buffer);
}
