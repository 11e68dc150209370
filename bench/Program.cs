using Sluice.Bench;

// Sluice.Bench DIRECTORY [cpu] [memory] [sessions] [quick]; the script beside this file builds the servers and calls it.
string root = args[0];
HashSet<string> asked = [.. args[1..]];
bool quick = asked.Remove("quick");
int runs = quick ? 1 : 3;
bool all = asked.Count == 0;

ServerCommand sluice = new("Sluice", "/echo", $"{root}/artifacts/sluice/Sluice.Server", "--port", "0", "--loops", "1", "--demo");
ServerCommand bun = new("Bun (uWebSockets)", "/", $"{root}/peers/bun/node_modules/@oven/bun-linux-x64/bin/bun", $"{root}/peers/bun/server.js");
ServerCommand ws = new("ws on Node", "/", "node", $"{root}/peers/ws/server.js");
ServerCommand aspNetCore = new("ASP.NET Core", "/echo", $"{root}/artifacts/aspnetcore/AspNetCorePeer");

Report report = new();
try
{
    if (all || asked.Contains("cpu"))
    {
        report.Add(EchoCost.Compare(sluice, bun, pairs: quick ? 1 : 5));
        report.Add(EchoCost.Compare(sluice, ws, pairs: quick ? 1 : 2));
        report.Add(EchoCost.Compare(sluice, aspNetCore, pairs: quick ? 1 : 2));
    }
    if (all || asked.Contains("memory"))
    {
        foreach (ServerCommand server in (ServerCommand[])[sluice, bun, ws, aspNetCore])
        {
            report.Add(IdleMemory.OfConnections(server, runs));
        }
    }
    if (all || asked.Contains("sessions"))
    {
        report.Add(IdleMemory.OfSessions(sluice, runs));
    }
}
catch (Exception e) // caught, so that the server under test has been stopped by now
{
    Console.Error.WriteLine($"bench: {e}");
    return 1;
}
report.Write($"{root}/results");
return 0;
