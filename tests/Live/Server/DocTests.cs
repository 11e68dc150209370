using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Xunit;

namespace Sluice.Live.Server;

/// <summary>What the pages show is what compiles, and does what they say.</summary>
public sealed class DocTests
{
    [Theory]
    [InlineData("README.md", "DocSamples.cs")]
    [InlineData("docs/websockets.md", "DocSamples.cs")]
    [InlineData("docs/client.md", "ClientDocSamples.cs")]
    public void EveryBlockOfThePageIsFoundInTheSamples(string page, string samples)
    {
        string[] compiled = [.. Lines(ReadBeside(samples))];
        string[] blocks = [.. ReadBeside($"../../../{page}").Split("```csharp\n").Skip(1).Select(static rest => rest.Split("```")[0])];
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block =>
        {
            string[] shown = [.. Lines(block)];
            string[] directives = [.. shown.TakeWhile(static line => line.StartsWith("using ", StringComparison.Ordinal))];
            Assert.Subset(compiled.ToHashSet(), directives.ToHashSet());
            Assert.Contains(string.Join('\n', shown[directives.Length..]), string.Join('\n', compiled), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task TheStylesDoWhatThePageSays()
    {
        await using ServerRig rig = ServerRig.Start(DocSamples.MapStyles, DocSamples.Limited with { Loops = 1 });
        foreach (string path in (string[])["/echo", "/await"])
        {
            ClientWebSocket client = await rig.ConnectAsync(path);
            await rig.SendAsync(client, "hello");
            Assert.Equal("hello", await rig.ReadAsync(client));
        }
        ClientWebSocket anna = await rig.ConnectAsync("/chat");
        ClientWebSocket ben = await rig.ConnectAsync("/chat");
        await rig.SendAsync(anna, "Anna");
        await rig.SendAsync(anna, "hi");
        Assert.Equal("Anna: hi", await rig.ReadAsync(anna));
        Assert.Equal("Anna: hi", await rig.ReadAsync(ben));
        await anna.CloseAsync(WebSocketCloseStatus.NormalClosure, null, rig.Patience);
        Assert.Equal("Anna left (1000)", await rig.ReadAsync(ben));
        ClientWebSocket counted = await rig.ConnectAsync("/count");
        await rig.SendAsync(counted, "one");
        Assert.Equal("1", await rig.ReadAsync(counted));
    }

    [Fact]
    public async Task UploadsComeBack()
    {
        await using ServerRig rig = ServerRig.Start(DocSamples.MapStreams);
        ClientWebSocket client = await rig.ConnectAsync("/upload");
        byte[] upload = RandomNumberGenerator.GetBytes(300_000);
        await client.SendAsync(upload, WebSocketMessageType.Binary, endOfMessage: true, rig.Patience);
        Assert.Equal(upload, await rig.ReadBytesAsync(client));
    }

    [Fact]
    public async Task AReportIsSentInParts()
    {
        await using ServerRig rig = ServerRig.Start(static server => server.Map("/report", new DocSamples.ReportHandler()));
        ClientWebSocket client = await rig.ConnectAsync("/report");
        await rig.SendAsync(client, "go");
        string report = (await rig.ReadAsync(client))!;
        Assert.EndsWith("\nline 999998\nline 999999\n", report, StringComparison.Ordinal);
        Assert.Equal(1_000_000, report.Count(static c => c == '\n'));
    }

    [Fact]
    public async Task OnlyTicketsOpenThePrivatePath()
    {
        await using ServerRig rig = ServerRig.Start(DocSamples.MapGuarded);
        Assert.Equal(403, await rig.StatusOfAsync("/private"));
        Assert.Equal("Welcome, anna.", await rig.ReadAsync(await rig.ConnectAsync("/private?anna")));
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0);

    private static string ReadBeside(string path, [CallerFilePath] string thisFile = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(thisFile)!, path));
}
