using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sluice.Protocol;
using Endpoint = Sluice.Loop.Endpoint;

namespace Sluice.AspNetCore;

/// <summary>Turns requests for one path into guests, or refuses them as the reactor does.</summary>
/// <remarks>The other server only parses HTTP and carries bytes: the protocol core judges, writes the answer, and has the
/// raw stream afterwards. A request lasts as long as its guest.</remarks>
internal sealed class UpgradeHandler
{
    private readonly GuestHost _host;
    private readonly Endpoint[] _endpoints;

    internal UpgradeHandler(string path, GuestHost host)
    {
        _host = host;
        _endpoints = host.EndpointsAt(path);
    }

    internal Task HandleAsync(HttpContext context)
    {
        ArrayBufferWriter<byte> answer = new();
        bool isHttp1 = HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol);
        HandshakeVerdict verdict = Judge(context, answer, out DeflateAgreement deflate, out int state);
        if (!verdict.Accepted)
        {
            Handshake.WriteRefusal(answer, verdict.Status, verdict.Reason);
        }
        int headLength = ResponseHead.Copy(answer.WrittenSpan, context.Response, isHttp1);
        if (!verdict.Accepted)
        {
            return context.Response.Body.WriteAsync(answer.WrittenMemory[headLength..]).AsTask();
        }
        return isHttp1 ? UpgradeAsync(context, deflate, state) : AcceptConnectAsync(context, deflate, state);
    }

    // Writes the answer if it is 101.
    private HandshakeVerdict Judge(HttpContext context, ArrayBufferWriter<byte> answer, out DeflateAgreement deflate, out int state)
    {
        deflate = default;
        state = 0;
        HandshakeVerdict verdict = TryWriteHead(context, out ArrayBufferWriter<byte> head);
        if (!verdict.Accepted)
        {
            return verdict;
        }
        ReadOnlySpan<byte> bytes = head.WrittenSpan;
        HttpHead parsed = default;
        if (parsed.Parse(bytes, HttpHeadLimits.Default) != HeadStatus.Complete)
        {
            return new(parsed.RefusalStatus, Handshake.MalformedHead);
        }
        Endpoint endpoint = _endpoints[0];
        if (context.Features.Get<SharedPort.GivenAway>() is not null && !IsCanonical(bytes, endpoint.Path))
        {
            return new(400, "The path must be written exactly as it is served.");
        }
        verdict = Handshake.Judge(parsed, bytes, endpoint.Terms(context.Request.IsHttps), out HandshakeRequest request, out HandshakeAgreement agreement);
        verdict = verdict.Accepted ? _host.Admission : verdict;
        if (verdict.Accepted)
        {
            Handshake.WriteAccept(answer, request, agreement);
            deflate = agreement.Deflate;
            state = endpoint.InitialState(request, agreement);
        }
        return verdict;
    }

    private static HandshakeVerdict TryWriteHead(HttpContext context, out ArrayBufferWriter<byte> head)
    {
        head = new();
        HttpRequest request = context.Request;
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            RequestHead.WriteExtendedConnect(head, request, connect.Protocol!);
        }
        else if (HttpProtocol.IsHttp11(request.Protocol))
        {
            RequestHead.Write(head, request);
        }
        else
        {
            return HttpProtocol.IsHttp10(request.Protocol)
                ? new(505, Handshake.MalformedHead)
                : new(400, "A WebSocket over HTTP/2 begins with an extended CONNECT.");
        }
        return new(101, "");
    }

    // The reactor gave the connection away for its first request. A later one may be for a path that is the reactor's: a
    // proxy uses connections again. It is served if the reactor would have known it; any other spelling is the laxer
    // parser's finding, and what the reactor does not know must not come in by that door.
    private static bool IsCanonical(ReadOnlySpan<byte> head, string path) =>
        RequestLine.TryReadPath(head, out ReadOnlySpan<byte> written) == RequestLineStatus.Path && Ascii.Equals(written, path);

    private async Task UpgradeAsync(HttpContext context, DeflateAgreement deflate, int state)
    {
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } feature)
        {
            throw new InvalidOperationException("This web server does not upgrade connections; Kestrel does.");
        }
        // How slowly a peer may take what is sent is the loop's to bound. Of what the loop leaves behind in Kestrel's
        // pipe it is Kestrel's again. (Of a request Kestrel asks no rate and no size once it is upgraded.)
        IHttpMinResponseDataRateFeature? slowness = context.Features.Get<IHttpMinResponseDataRateFeature>();
        MinDataRate? kestrelsRate = slowness?.MinDataRate;
        SetRate(slowness, null);
        Stream stream = await feature.UpgradeAsync();
        await _host.Admit(_endpoints, deflate, state, new GuestCarrier(stream, context.Abort)).Closed;
        SetRate(slowness, kestrelsRate);
    }

    private async Task AcceptConnectAsync(HttpContext context, DeflateAgreement deflate, int state)
    {
        Stream stream = await context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
        await _host.Admit(_endpoints, deflate, state, new GuestCarrier(stream, context.Abort, context.Response.CompleteAsync)).Closed;
    }

    private static void SetRate(IHttpMinResponseDataRateFeature? slowness, MinDataRate? rate)
    {
        if (slowness is not null)
        {
            slowness.MinDataRate = rate;
        }
    }
}
