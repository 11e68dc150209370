using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sluice.Protocol;

/// <summary>The house assertion: it stays on in Release, because corruption that is survived spreads.</summary>
/// <remarks>For our own mistakes only. A peer's error is a value, and the operating system's is handled at the call.</remarks>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantException"/> unless <paramref name="condition"/> holds.</summary>
    /// <param name="condition">What must be true.</param>
    /// <param name="rule">The rule that was broken, as a sentence; a constant, so that the check costs nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check([DoesNotReturnIf(false)] bool condition, string rule)
    {
        if (!condition)
        {
            Fail(rule);
        }
    }

    [DoesNotReturn]
    private static void Fail(string rule) => throw new InvariantException(rule);
}

/// <summary>We are wrong: a rule of the program itself does not hold.</summary>
/// <param name="rule">The broken rule.</param>
public sealed class InvariantException(string rule) : Exception(rule);
