using System.Text;
using Microsoft.AspNetCore.Http;
using Sluice.Protocol;

namespace Sluice.AspNetCore;

/// <summary>Gives an answer that the protocol core wrote to another server, which writes it in its own way.</summary>
internal static class ResponseHead
{
    /// <summary>Sets status and headers.</summary>
    /// <param name="answer">What <see cref="Handshake"/> wrote.</param>
    /// <param name="response">Not begun.</param>
    /// <param name="isHttp1">Else a connection is accepted by 200 and without a key (RFC 8441, 5), and no header may
    /// speak of the connection (RFC 9113, 8.2.2).</param>
    /// <returns>The length of the head; a body follows it.</returns>
    internal static int Copy(ReadOnlySpan<byte> answer, HttpResponse response, bool isHttp1)
    {
        HttpResponseHead head = default;
        Invariant.Check(head.Parse(answer, HttpHeadLimits.Default) == HeadStatus.Complete, "an answer of ours is well-formed");
        response.StatusCode = !isHttp1 && head.Status == StatusCodes.Status101SwitchingProtocols ? StatusCodes.Status200OK : head.Status;
        foreach (HeaderLine line in head.Headers(answer))
        {
            bool isOfConnection = line.Is("Connection"u8) || line.Is("Upgrade"u8) || line.Is("Sec-WebSocket-Accept"u8);
            if (isHttp1 || !isOfConnection)
            {
                response.Headers.Append(Encoding.ASCII.GetString(line.Name), Encoding.ASCII.GetString(line.Value));
            }
        }
        return head.Length;
    }
}
