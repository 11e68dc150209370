namespace Sluice.Bench.Servers;

/// <summary>How a server under test is started.</summary>
/// <param name="Name">As the tables call it.</param>
/// <param name="Path">Where it echoes.</param>
/// <param name="Command">The program and its arguments. It must print "listening on http://ADDRESS:PORT".</param>
internal sealed record ServerCommand(string Name, string Path, params string[] Command)
{
    /// <summary>The same with more arguments.</summary>
    internal ServerCommand With(params string[] arguments) => this with { Command = [.. Command, .. arguments] };
}

/// <summary>The servers, by the places where <c>bench/run</c> put them.</summary>
/// <param name="root">The bench's directory.</param>
internal sealed class ServerCommands(string root)
{
    /// <summary>The engine alone: loop and epoll, with an echo, a feed and a control path (<c>bench/server</c>).</summary>
    internal ServerCommand Sluice { get; } = new("Sluice", "/echo", $"{root}/artifacts/server/Sluice.Bench.Server");

    /// <summary>The channel server, as it is shipped.</summary>
    internal ServerCommand SluiceServer { get; } = new("Sluice", "/echo", $"{root}/artifacts/sluice/Sluice.Server", "--port", "0", "--loops", "1", "--demo");

    internal ServerCommand Bun { get; } = new("Bun (uWebSockets)", "/echo", $"{root}/peers/bun/node_modules/@oven/bun-linux-x64/bin/bun", $"{root}/peers/bun/server.js");

    internal ServerCommand Ws { get; } = new("ws on Node", "/echo", "node", $"{root}/peers/ws/server.js");

    internal ServerCommand AspNetCore { get; } = new("ASP.NET Core", "/echo", $"{root}/artifacts/aspnetcore/AspNetCorePeer");

    /// <summary>A loop of <c>send</c> over sockets, in C.</summary>
    internal ServerCommand SendLoop { get; } = new("send loop in C", "/feed", $"{root}/artifacts/csend");

    /// <summary>The committed messages that compressed fan-out carries.</summary>
    internal string DataDirectory { get; } = $"{root}/data";
}
