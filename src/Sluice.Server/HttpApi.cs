using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Sluice.Server;

/// <summary><c>POST /api/METHOD</c>: a JSON object in, <c>{"result": ...}</c> or <c>{"error": ...}</c> out.</summary>
/// <remarks>Nobody gets in without the key; without a configured key nobody gets in.</remarks>
internal sealed class HttpApi(ChannelApi api, string? key)
{
    private const int BodyBytesMax = 8 << 20;

    private readonly byte[]? _keyHash = key is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/{method}", AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        string method = (string)context.Request.RouteValues["method"]!;
        if (!IsAuthorized(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "A valid API key is needed.");
            return;
        }
        if (!ChannelApi.IsMethod(method))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "No such method.");
            return;
        }
        if (await ReadBodyAsync(context) is not { } body)
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, $"The body is larger than {BodyBytesMax} bytes.");
            return;
        }
        ApiAnswer answer;
        try
        {
            answer = Utf8.IsValid(body) ? await api.CallAsync(method, body) : throw new JsonException("The body is not UTF-8.");
        }
        catch (JsonException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"The request is malformed: {e.Message}");
            return;
        }
        await WriteAsync(context, answer);
    }

    private bool IsAuthorized(HttpRequest request)
    {
        string? given = request.Headers["X-API-Key"];
        string authorization = request.Headers.Authorization.ToString();
        if (given is null && authorization.StartsWith("apikey ", StringComparison.OrdinalIgnoreCase))
        {
            given = authorization["apikey ".Length..];
        }
        given ??= request.Query["api_key"];
        // Hashes of equal length, compared in constant time.
        return _keyHash is not null && given is not null
            && CryptographicOperations.FixedTimeEquals(_keyHash, SHA256.HashData(Encoding.UTF8.GetBytes(given)));
    }

    private static async ValueTask<byte[]?> ReadBodyAsync(HttpContext context)
    {
        using MemoryStream body = new();
        byte[] piece = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            while (await context.Request.Body.ReadAsync(piece, context.RequestAborted) is > 0 and int count)
            {
                if (body.Length + count > BodyBytesMax)
                {
                    return null;
                }
                body.Write(piece, 0, count);
            }
            return body.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private static async Task WriteAsync(HttpContext context, ApiAnswer answer)
    {
        context.Response.ContentType = "application/json";
        await using Utf8JsonWriter writer = new(context.Response.BodyWriter);
        ChannelApi.WriteReply(writer, "result", answer);
    }

    private static Task RefuseAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(reason + "\n", context.RequestAborted);
    }
}
