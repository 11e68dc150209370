using System.Diagnostics;

namespace Sluice.Fuzz;

/// <summary>A rule that every input must keep, and this one did not.</summary>
/// <param name="rule">The rule as a sentence, the same for all inputs.</param>
/// <param name="details">What this one did.</param>
internal sealed class OracleException(string rule, string details) : Exception($"{rule} {details}")
{
    /// <summary>The sentence alone.</summary>
    public string Rule { get; } = rule;
}

/// <summary>How targets say what must hold.</summary>
internal static class Oracle
{
    /// <summary>Throws unless it holds.</summary>
    public static void Holds(bool condition, string rule)
    {
        if (!condition)
        {
            throw new OracleException(rule, "");
        }
    }

    /// <summary>Throws unless both are the same.</summary>
    public static void Same<T>(T expected, T actual, string rule) where T : IEquatable<T>
    {
        if (!expected.Equals(actual))
        {
            throw new OracleException(rule, $"Expected: {expected}; actual: {actual}");
        }
    }

    /// <summary>Throws unless both are the same bytes.</summary>
    public static void Same(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string rule)
    {
        if (!expected.SequenceEqual(actual))
        {
            throw new OracleException(rule, $"Expected: {Convert.ToHexString(expected)}; actual: {Convert.ToHexString(actual)}");
        }
    }
}

/// <summary>An input that broke a rule.</summary>
/// <param name="Input">As short as it could be made.</param>
/// <param name="Error">What it led to.</param>
internal sealed record Finding(byte[] Input, Exception Error)
{
    /// <summary>The same for inputs that most likely meet the same bug.</summary>
    public string Key { get; } = KeyOf(Error);

    /// <summary>The rule that broke, or what was thrown, and where.</summary>
    public static string KeyOf(Exception error)
    {
        if (error is OracleException broken)
        {
            return broken.Rule;
        }
        StackFrame? frame = new StackTrace(error).GetFrames().FirstOrDefault(static frame => IsOurs(frame));
        return $"{error.GetType().Name} in {frame?.GetMethod()?.DeclaringType?.Name}.{frame?.GetMethod()?.Name}";
    }

    private static bool IsOurs(StackFrame frame) =>
        frame.GetMethod()?.DeclaringType is { Namespace: string space } type
        && (space.StartsWith("Sluice.", StringComparison.Ordinal) && type.Name != "Invariant");
}
