using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>Writes what another server's parser found as a request head again, so that the one judge judges it, by the
/// same rules and limits as the reactor's requests and with the same sentences.</summary>
internal static class RequestHead
{
    // Over HTTP/2 there is no key (RFC 8441, 5); the judge wants one.
    private static ReadOnlySpan<byte> AnyKey => "AAAAAAAAAAAAAAAAAAAAAA=="u8;

    /// <summary>Writes the head of a request over HTTP/1.1.</summary>
    internal static void Write(IBufferWriter<byte> output, HttpRequest request)
    {
        HeadWriter head = new(output);
        head.Request(request.Method, RawTarget(request));
        foreach ((string name, StringValues values) in request.Headers)
        {
            WriteLines(head, name, values);
        }
        head.End();
    }

    /// <summary>Writes an extended CONNECT as the GET that it stands for.</summary>
    /// <param name="output">Takes it.</param>
    /// <param name="request">What came.</param>
    /// <param name="protocol">Its <c>:protocol</c>.</param>
    internal static void WriteExtendedConnect(IBufferWriter<byte> output, HttpRequest request, string protocol)
    {
        HeadWriter head = new(output);
        head.Request(HttpMethods.Get, RawTarget(request));
        head.Field("Connection"u8, "Upgrade"u8);
        head.Field("Upgrade"u8, protocol);
        head.Field("Sec-WebSocket-Key"u8, AnyKey);
        foreach ((string name, StringValues values) in request.Headers)
        {
            if (!name.Equals("Sec-WebSocket-Key", StringComparison.OrdinalIgnoreCase))
            {
                WriteLines(head, name, values);
            }
        }
        head.End();
    }

    private static string RawTarget(HttpRequest request) =>
        request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    private static void WriteLines(HeadWriter head, string name, StringValues values)
    {
        byte[] nameBytes = Encoding.ASCII.GetBytes(name);
        foreach (string? value in values)
        {
            head.Field(nameBytes, value);
        }
    }
}
