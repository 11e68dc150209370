using System.Text;

namespace Sluice.Simulator;

/// <summary>What a hub could do wrong with what it delivers, done between the wire and the checks.</summary>
internal abstract class DeliveryCanary : Canary
{
    public override NativeClient MakeClient(World world, string name, Scenario scenario) =>
        new Client(world, name, scenario, MakeSpoiler());

    protected abstract Spoiler MakeSpoiler();

    /// <summary>Decides what becomes of one line.</summary>
    /// <param name="line">A reply or push.</param>
    /// <returns>The lines to take in its place.</returns>
    protected delegate IEnumerable<string> Spoiler(string line);

    private sealed class Client(World world, string name, Scenario scenario, Spoiler spoiler)
        : NativeClient(world, name, Scenario.ChannelPath, scenario)
    {
        protected override void Line(ReadOnlySpan<byte> line)
        {
            foreach (string spoilt in spoiler(Encoding.UTF8.GetString(line)))
            {
                base.Line(Encoding.UTF8.GetBytes(spoilt));
            }
        }
    }

    protected static bool IsPublication(string line) => line.Contains("\"pub\":", StringComparison.Ordinal) && line.Contains("\"offset\":", StringComparison.Ordinal);
}

/// <summary>Leaves out a publication.</summary>
internal sealed class LostPublication : DeliveryCanary
{
    protected override Spoiler MakeSpoiler()
    {
        Countdown countdown = new(20);
        return line => IsPublication(line) && countdown.IsUp() ? [] : [line];
    }
}

/// <summary>Delivers a publication twice.</summary>
internal sealed class DoublePublication : DeliveryCanary
{
    protected override Spoiler MakeSpoiler()
    {
        Countdown countdown = new(20);
        return line => IsPublication(line) && countdown.IsUp() ? [line, line] : [line];
    }
}

/// <summary>Delivers a publication after the one that follows it.</summary>
internal sealed class SwappedPublications : DeliveryCanary
{
    protected override Spoiler MakeSpoiler()
    {
        Countdown countdown = new(20);
        string? heldBack = null;
        return line =>
        {
            if (heldBack is null && IsPublication(line) && countdown.IsUp())
            {
                heldBack = line;
                return [];
            }
            string[] lines = heldBack is null ? [line] : [line, heldBack];
            heldBack = null;
            return lines;
        };
    }
}

/// <summary>Says that everything was recovered and leaves out what was.</summary>
internal sealed class FalseRecovery : DeliveryCanary
{
    protected override Spoiler MakeSpoiler() => static line =>
    {
        int at = line.Contains("\"recovered\":true", StringComparison.Ordinal) ? line.IndexOf(",\"publications\":", StringComparison.Ordinal) : -1;
        return [at < 0 ? line : line[..at] + "}}"];
    };
}

/// <summary>Answers a subscribe after the channel's first publication.</summary>
internal sealed class LateSubscribeReply : DeliveryCanary
{
    protected override Spoiler MakeSpoiler()
    {
        string? heldBack = null;
        return line =>
        {
            if (heldBack is null && line.Contains("\"subscribe\":{", StringComparison.Ordinal))
            {
                heldBack = line;
                return [];
            }
            string[] lines = heldBack is null ? [line] : [line, heldBack];
            heldBack = null;
            return lines;
        };
    }
}
