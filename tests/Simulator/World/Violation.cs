using System.Diagnostics.CodeAnalysis;

namespace Sluice.Simulator;

/// <summary>The system under test did what it must not do. Ends the run.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Made only by the two members below.")]
internal sealed class Violation : Exception
{
    private Violation(string message)
        : base(message)
    {
    }

    [DoesNotReturn]
    public static void Found(string what) => throw new Violation(what);

    public static void Unless([DoesNotReturnIf(false)] bool condition, string what)
    {
        if (!condition)
        {
            Found(what);
        }
    }
}
