using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Sluice.WebSockets;

namespace Sluice.AspNetCore;

/// <summary>Connections that the reactor accepted and does not serve, on their way to Kestrel.</summary>
/// <remarks>
/// <para>Kestrel speaks HTTP/2 with prior knowledge only on an endpoint that speaks nothing else, so there are two endpoints, and
/// the first bytes of a connection choose: they are looked at in the connection's pipe and stay in it. TLS was begun by the
/// reactor, and lies under that pipe.</para>
/// <para>Kept from before Kestrel has started; closed, however late they come, when it has stopped.</para>
/// </remarks>
public sealed class SharedPort : IDisposable
{
    /// <summary>How many connections wait for Kestrel or for their first bytes; a further one is closed.</summary>
    public const int WaitingMax = 1024;

    /// <summary>How long the first bytes may take to tell what is spoken.</summary>
    public const int FirstBytesTimeoutMs = 10_000;

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
    /// <param name="tls">What it speaks TLS with, likewise owned; null if it does not.</param>
    public void Offer(int descriptor, TlsConnection? tls = null)
    {
        SafeSocketHandle socket = new(descriptor, ownsHandle: true);
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            tls?.Dispose();
            socket.Dispose();
            return;
        }
        ThreadPool.UnsafeQueueUserWorkItem(
            static offer => _ = offer.Port.SortAsync(offer.Socket, offer.Tls), (Port: this, Socket: socket, Tls: tls), preferLocal: false);
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
            await SecureTransport.EndAsync(connection);
            await connection.DisposeAsync();
        }
    }

    private async Task SortAsync(SafeSocketHandle socket, TlsConnection? tls)
    {
        ConnectionContext? connection = null;
        try
        {
            connection = _connections.Create(new Socket(socket));
            if (tls is not null)
            {
                await SecureTransport.SecureAsync(connection, tls);
            }
            SharedEndPoint endPoint = await ChooseAsync(connection.Transport.Input);
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
        tls?.Dispose();
        await (connection?.DisposeAsync() ?? default);
        socket.Dispose();
    }

    private async ValueTask<SharedEndPoint> ChooseAsync(PipeReader input)
    {
        using CancellationTokenSource patience = new(FirstBytesTimeoutMs);
        while (true)
        {
            ReadResult result = await input.ReadAsync(patience.Token);
            SharedEndPoint? choice = Choose(result.Buffer, result.IsCompleted);
            input.AdvanceTo(result.Buffer.Start, choice is null ? result.Buffer.End : result.Buffer.Start);
            if (choice is not null)
            {
                return choice;
            }
        }
    }

    // Null: more bytes are needed.
    private SharedEndPoint? Choose(in ReadOnlySequence<byte> bytes, bool isAll)
    {
        Span<byte> buffer = stackalloc byte[Preface.Length];
        Span<byte> first = buffer[..(int)Math.Min(bytes.Length, buffer.Length)];
        bytes.Slice(0, first.Length).CopyTo(first);
        if (Preface.StartsWith(first))
        {
            return first.Length == Preface.Length || isAll ? Http2 : null;
        }
        return Http1;
    }

    /// <summary>A feature of connections that the reactor has given away.</summary>
    internal sealed class GivenAway
    {
        internal static readonly GivenAway Instance = new();
    }
}
