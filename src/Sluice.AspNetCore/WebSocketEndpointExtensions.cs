using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Sluice.AspNetCore;

/// <summary>Realtime paths as routes of an ASP.NET Core application.</summary>
public static class WebSocketEndpointExtensions
{
    /// <summary>Upgrades requests for a path, over HTTP/1.1 and HTTP/2 (RFC 8441), and has a loop serve them.</summary>
    /// <param name="routes">The application's routes.</param>
    /// <param name="path">The path of an endpoint of every loop.</param>
    /// <param name="host">The loops. They stop before the application does.</param>
    /// <exception cref="ArgumentException">A loop serves nothing at this path.</exception>
    public static IEndpointConventionBuilder MapWebSocket(this IEndpointRouteBuilder routes, string path, GuestHost host) =>
        routes.Map(path, new UpgradeHandler(path, host).HandleAsync);
}
