using System.Globalization;

namespace Sluice.Fuzz;

/// <summary>The command line.</summary>
internal sealed record FuzzOptions
{
    /// <summary>How it is used.</summary>
    public const string Usage = """
        Runs Sluice's parsers on bytes that nobody would send, and checks what they make of them.

          --target NAME      one target, or all of them: all (the default)
          --seconds N        stop after so many, shared by the targets (default 20)
          --executions N     or after so many inputs of each target: the same ones each time
          --long             an hour
          --seed N           which inputs (default 1)
          --keep             write what takes new ways to the corpus
          --replay FILE      run one input; its folder names the target
          --ci               what every change must pass: all known inputs and a fixed number of new ones
        """;

    private const int LongSeconds = 3600;

    /// <summary>A target's name, or "all".</summary>
    public string Target { get; private init; } = "all";

    /// <summary>Shared by the targets; without effect if <see cref="Executions"/> is set.</summary>
    public int Seconds { get; private init; } = 20;

    /// <summary>Of each target; 0 if <see cref="Seconds"/> decide.</summary>
    public long Executions { get; private init; }

    /// <summary>Decides which inputs are tried.</summary>
    public ulong Seed { get; private init; } = 1;

    /// <summary>Whether the corpus is written.</summary>
    public bool Keep { get; private init; }

    /// <summary>Whether each target has a number of executions of its own.</summary>
    public bool Ci { get; private init; }

    /// <summary>The input to run, if it is only one.</summary>
    public string? Replay { get; private init; }

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="FormatException">They are not understood.</exception>
    public static FuzzOptions Parse(string[] args)
    {
        FuzzOptions options = new();
        Queue<string> rest = new(args);
        while (rest.TryDequeue(out string? option))
        {
            options = option switch
            {
                "--target" => options with { Target = Value(rest, option) },
                "--seconds" => options with { Seconds = Number<int>(rest, option) },
                "--executions" => options with { Executions = Number<long>(rest, option) },
                "--seed" => options with { Seed = Number<ulong>(rest, option) },
                "--replay" => options with { Replay = Value(rest, option) },
                "--long" => options with { Seconds = LongSeconds },
                "--keep" => options with { Keep = true },
                "--ci" => options with { Ci = true },
                _ => throw new FormatException($"{option} is no option"),
            };
        }
        return options;
    }

    private static string Value(Queue<string> rest, string option) =>
        rest.TryDequeue(out string? value) ? value : throw new FormatException($"{option} needs a value");

    private static T Number<T>(Queue<string> rest, string option) where T : IParsable<T> =>
        T.TryParse(Value(rest, option), CultureInfo.InvariantCulture, out T? number) ? number : throw new FormatException($"{option} needs a number");
}
