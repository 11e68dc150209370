using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>The await style as a handler like any other: each socket's state is an <see cref="AsyncWebSocket"/>, with a task that uses it.</summary>
internal sealed class AsyncHandler(Func<AsyncWebSocket, CancellationToken, Task> handler, WebSocketPathOptions options, RunningHandlers running)
    : WebSocketHandler<AsyncWebSocket>
{
    public override bool TakesParts => true; // a message may be read as a stream

    public override void Opened(WebSocket socket, ref AsyncWebSocket state, Admitted admitted)
    {
        AsyncWebSocket opened = state = new AsyncWebSocket(socket, options, admitted);
        running.Begin();
        Action<Exception> error = socket.Loop!.Report;
        _ = Task.Run(() => RunAsync(opened, error)); // away from the loop at once
    }

    public override void ReceivedPart(WebSocket socket, ref AsyncWebSocket state, Opcode opcode, ReadOnlySpan<byte> part, bool last) =>
        state.Add(opcode, part, last);

    public override void Drained(WebSocket socket, ref AsyncWebSocket state) => state.Drained();

    public override void Closed(WebSocket socket, ref AsyncWebSocket state, ushort code) => state.End(code);

    private async Task RunAsync(AsyncWebSocket socket, Action<Exception> error)
    {
        try
        {
            await handler(socket, socket.Over).ConfigureAwait(false);
            socket.Close();
        }
        catch (OperationCanceledException told) when (told.CancellationToken == socket.Over || socket.Over.IsCancellationRequested)
        {
            // It was told that the connection is over, by its token or by a send, and has stopped.
        }
#pragma warning disable CA1031 // Whatever a handler throws, it is the end of its connection alone.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            socket.Close(CloseCodes.InternalError, "error");
            error(thrown);
        }
        finally
        {
            socket.Release();
            running.End();
        }
    }
}
