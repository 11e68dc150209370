using Sluice.Bench;

// bench DIRECTORY [cpu] [memory] [sessions] [quick]; the script beside it builds the servers first.
string root = args[0];
bool quick = args.Contains("quick");
bool all = !args.Any(arg => arg is "cpu" or "memory" or "sessions");

ServerCommand sluice = new("Sluice", "/echo", $"{root}/artifacts/sluice/Sluice.Server", "--port", "0", "--loops", "1", "--demo");
ServerCommand bun = new("Bun (uWebSockets)", "/", $"{root}/peers/bun/node_modules/@oven/bun-linux-x64/bin/bun", $"{root}/peers/bun/server.js");
ServerCommand ws = new("ws on Node", "/", "node", $"{root}/peers/ws/server.js");
ServerCommand aspNetCore = new("ASP.NET Core", "/echo", $"{root}/artifacts/aspnetcore/AspNetCorePeer");

Report report = new();
if (all || args.Contains("cpu"))
{
    report.Add(EchoCost.Compare(sluice, bun, pairs: quick ? 1 : 5));
    report.Add(EchoCost.Compare(sluice, ws, pairs: quick ? 1 : 2));
    report.Add(EchoCost.Compare(sluice, aspNetCore, pairs: quick ? 1 : 2));
}
if (all || args.Contains("memory"))
{
    foreach (ServerCommand server in (ServerCommand[])[sluice, bun, ws, aspNetCore])
    {
        report.Add(IdleMemory.OfConnections(server));
    }
}
if (all || args.Contains("sessions"))
{
    report.Add(IdleMemory.OfSessions(sluice));
}
report.Write($"{root}/results");
