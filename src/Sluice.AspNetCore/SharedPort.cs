using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sluice.AspNetCore;

/// <summary>Connections that the reactor accepted and does not serve, on their way to Kestrel.</summary>
/// <remarks>
/// <para>Kestrel speaks HTTP/2 without TLS only on an endpoint that speaks nothing else, so there are two endpoints,
/// and the first bytes of a connection choose: they are looked at in the connection's pipe and stay in it.</para>
/// <para>Kept from before Kestrel has started; closed, however late they come, when it has stopped.</para>
/// </remarks>
public sealed class SharedPort : IDisposable
{
    /// <summary>How many connections wait for Kestrel or for their first bytes; a further one is closed.</summary>
    public const int WaitingMax = 1024;

    /// <summary>How long the first bytes may take to tell HTTP/2 from HTTP/1.1.</summary>
    public const int PrefaceTimeoutMs = 10_000;

    private readonly SocketConnectionContextFactory _connections = new(new SocketConnectionFactoryOptions(), NullLogger.Instance);
    private int _waiting;

    /// <summary>Makes a port; Kestrel listens on it by <see cref="SharedPortExtensions.AddSharedPort"/>.</summary>
    public SharedPort()
    {
        Http1 = new SharedEndPoint(this, "shared port, HTTP/1.1");
        Http2 = new SharedEndPoint(this, "shared port, HTTP/2");
    }

    /// <summary>Where Kestrel takes those that begin with anything but HTTP/2's preface.</summary>
    internal SharedEndPoint Http1 { get; }

    /// <summary>Where Kestrel takes those that begin with HTTP/2's preface.</summary>
    internal SharedEndPoint Http2 { get; }

    // RFC 9113, 3.4: enough of the preface to be no method of HTTP/1.1.
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0"u8;

    /// <summary>Gives a connected socket away, with what is unread in it. Any thread.</summary>
    /// <param name="descriptor">Owned by the port from here on.</param>
    public void Offer(int descriptor)
    {
        SafeSocketHandle socket = new(descriptor, ownsHandle: true);
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            socket.Dispose();
            return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(static offer => _ = offer.Port.SortAsync(offer.Socket), (Port: this, Socket: socket), preferLocal: false);
    }

    /// <summary>After Kestrel has stopped.</summary>
    public void Dispose() => _connections.Dispose();

    /// <summary>Takes the next connection of one endpoint.</summary>
    /// <returns>Null when none comes any more.</returns>
    internal async ValueTask<ConnectionContext?> AcceptAsync(SharedEndPoint endPoint, CancellationToken cancellationToken)
    {
        while (await endPoint.Connections.Reader.WaitToReadAsync(cancellationToken))
        {
            if (endPoint.Connections.Reader.TryRead(out ConnectionContext? connection))
            {
                Interlocked.Decrement(ref _waiting);
                return connection;
            }
        }
        return null;
    }

    /// <summary>Closes what waits at an endpoint, and what still comes.</summary>
    internal async ValueTask StopAsync(SharedEndPoint endPoint)
    {
        endPoint.Connections.Writer.TryComplete();
        while (await AcceptAsync(endPoint, CancellationToken.None) is { } connection)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task SortAsync(SafeSocketHandle socket)
    {
        ConnectionContext? connection = null;
        try
        {
            connection = _connections.Create(new Socket(socket));
            SharedEndPoint endPoint = await IsHttp2Async(connection.Transport.Input) ? Http2 : Http1;
            connection.Features.Set(GivenAway.Instance);
            if (endPoint.Connections.Writer.TryWrite(connection))
            {
                return; // whoever takes it counts it off
            }
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // The peer has gone, or was too slow.
        }
        Interlocked.Decrement(ref _waiting);
        await (connection?.DisposeAsync() ?? default);
        socket.Dispose();
    }

    private static async ValueTask<bool> IsHttp2Async(PipeReader input)
    {
        using CancellationTokenSource patience = new(PrefaceTimeoutMs);
        while (true)
        {
            ReadResult result = await input.ReadAsync(patience.Token);
            bool isPreface = StartsLikePreface(result.Buffer);
            bool isDecided = !isPreface || result.Buffer.Length >= Preface.Length || result.IsCompleted;
            input.AdvanceTo(result.Buffer.Start, isDecided ? result.Buffer.Start : result.Buffer.End);
            if (isDecided)
            {
                return isPreface;
            }
        }
    }

    private static bool StartsLikePreface(in ReadOnlySequence<byte> bytes)
    {
        Span<byte> first = stackalloc byte[Preface.Length];
        int length = (int)Math.Min(bytes.Length, first.Length);
        bytes.Slice(0, length).CopyTo(first);
        return Preface.StartsWith(first[..length]);
    }

    /// <summary>A feature of connections that the reactor has given away.</summary>
    internal sealed class GivenAway
    {
        internal static readonly GivenAway Instance = new();
    }
}
