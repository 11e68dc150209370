using Sluice.Loop;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>A path on one loop: what the loop calls becomes a call of the handler, and what that throws the end of one socket.</summary>
internal sealed class ServerEndpoint : Endpoint
{
    private const int ErrorStatusMin = 400;
    private const int ErrorStatusMax = 599;

    private readonly ServerLoop _loop;
    private readonly WebSocketHandler _handler;
    private readonly HandshakeJudge? _judge;
    private Admitted _admitted; // whom the judge let in and the handler does not know yet

    internal ServerEndpoint(ServerLoop loop, string path, WebSocketHandler handler, WebSocketPathOptions options) : base(path)
    {
        _loop = loop;
        _handler = handler;
        _judge = options.Judge;
        TakesParts = handler.TakesParts;
        Limits = TakesParts ? options.Limits with { MessageBytesMax = options.StreamedMessageBytesMax } : options.Limits;
        Policy = options.Policy;
        Subprotocols = options.Subprotocols;
        Deflate = options.Deflate;
        Overflow = options.Overflow;
    }

    public override HandshakeVerdict Judge(in HandshakeRequest request, in HandshakeAgreement agreement)
    {
        HandshakeVerdict verdict = HandshakeVerdict.Accept;
        object? claims = null;
        try
        {
            verdict = _judge?.Invoke(request, out claims) ?? verdict;
        }
        catch (Exception error) when (error is not InvariantException)
        {
            _loop.Report(error);
            return new(500, "This request could not be judged.");
        }
        if (!verdict.Accepted && verdict.Status is < ErrorStatusMin or > ErrorStatusMax)
        {
            _loop.Report(new InvalidOperationException($"A judge accepts, or refuses with a status from {ErrorStatusMin} to {ErrorStatusMax}; it said {verdict.Status}."));
            return new(500, "This request could not be judged.");
        }
        _admitted = new(claims, agreement.Subprotocol);
        return verdict;
    }

    public override void Opened(Handle connection)
    {
        Admitted admitted = _admitted;
        _admitted = default;
        try
        {
            _handler.Opened(SocketOf(connection), admitted);
        }
        catch (Exception error) when (error is not InvariantException)
        {
            Fail(connection, error);
        }
    }

    public override void Received(Handle connection, Opcode opcode, Span<byte> message)
    {
        try
        {
            _handler.Received(SocketOf(connection), new ReceivedMessage(opcode, message));
        }
        catch (Exception error) when (error is not InvariantException)
        {
            Fail(connection, error);
        }
    }

    public override void ReceivedPart(Handle connection, Opcode opcode, ReadOnlySpan<byte> part, bool last)
    {
        try
        {
            _handler.ReceivedPart(SocketOf(connection), opcode, part, last);
        }
        catch (Exception error) when (error is not InvariantException)
        {
            Fail(connection, error);
        }
    }

    public override void Drained(Handle connection)
    {
        try
        {
            _handler.Drained(SocketOf(connection));
        }
        catch (Exception error) when (error is not InvariantException)
        {
            Fail(connection, error);
        }
    }

    public override void Closed(Handle connection, ushort code)
    {
        _loop.Subscriptions.Leave(connection);
        try
        {
            _handler.Closed(SocketOf(connection), code);
        }
        catch (Exception error) when (error is not InvariantException)
        {
            _loop.Report(error);
        }
    }

    private WebSocket SocketOf(Handle connection) => new(_loop, connection);

    private void Fail(Handle connection, Exception error)
    {
        _loop.Loop.Close(connection, CloseCodes.InternalError, "error"u8);
        _loop.Report(error);
    }
}
