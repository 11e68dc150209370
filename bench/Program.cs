using Sluice.Bench.Attacks;
using Sluice.Bench.Codecs;
using Sluice.Bench.Parts;
using Sluice.Bench.Results;

// Sluice.Bench DIRECTORY [part ...] [quick]; the script beside this file builds the servers and calls it.
// "codecs" prints the codecs side by side, and is no part of a full run.
// Sluice.Bench attack NAME ADDRESS:PORT is the process that it starts to attack a server.
if (args[0] == "attack")
{
    Attacker.Run(args[1], args[2]);
    return 0;
}

Part[] parts =
[
    new("million", MillionConnections.Measure), // first: it measures its own process
    new("echo", Echo.Measure),
    new("fanout", FanOut.Measure),
    new("deflate", DeflatedFanOut.Measure),
    new("idle", Idle.MeasurePlain),
    new("idle-deflate", Idle.MeasureDeflated),
    new("wss", Wss.Measure),
    new("attacks", UnderAttack.Measure),
    new("sessions", Idle.MeasureSessions),
];

string root = args[0];
HashSet<string> asked = [.. args[1..]];
Settings settings = new(root, IsQuick: asked.Remove("quick"));
if (asked.Remove("codecs"))
{
    CodecTable.Print(settings.Servers.DataDirectory);
    if (asked.Count == 0)
    {
        return 0;
    }
}
if (asked.Except(parts.Select(static part => part.Name)).FirstOrDefault() is string unknown)
{
    Console.Error.WriteLine($"bench: there is no part \"{unknown}\"; there are {string.Join(", ", parts.Select(static part => part.Name))}");
    return 2;
}

// What was measured quickly shows that it works, and is no result.
string results = settings.IsQuick ? $"{root}/artifacts/quick" : $"{root}/results";
try
{
    foreach (Part part in parts.Where(part => asked.Count == 0 || asked.Contains(part.Name)))
    {
        Console.Error.WriteLine($"== {part.Name}");
        PartResult result = PartResult.Of(part.Name, part.Measure(settings));
        result.Write(results);
        Console.WriteLine($"{Tables.Of(result)}\n{Tables.Summary([result])}");
    }
}
catch (Exception e) // caught, so that the server under test has been stopped by now
{
    Console.Error.WriteLine($"bench: {e}");
    return 1;
}
string page = settings.IsQuick ? $"{results}/performance.md" : $"{root}/../docs/performance.md";
if (settings.IsQuick)
{
    File.Copy($"{root}/../docs/performance.md", page, overwrite: true);
}
Page.Write(page, [.. parts.Select(part => PartResult.Read(results, part.Name)).OfType<PartResult>()]);
return 0;
