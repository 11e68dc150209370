namespace Sluice.Protocol;

/// <summary>The names that may stand in <c>Sec-WebSocket-Protocol</c>.</summary>
public static class Subprotocols
{
    /// <summary>Checks what is to be offered or spoken: distinct tokens (RFC 6455, 4.1; RFC 9110, 5.6.2).</summary>
    /// <param name="names">Any number.</param>
    /// <param name="parameterName">Who is told to be wrong.</param>
    /// <exception cref="ArgumentException">One is no token, or stands there twice.</exception>
    public static void Check(ReadOnlySpan<string> names, string parameterName)
    {
        for (int i = 0; i < names.Length; i++)
        {
            if (!Grammar.IsToken(names[i]) || names[..i].Contains(names[i]))
            {
                throw new ArgumentException("Subprotocols are distinct tokens (RFC 9110, 5.6.2), such as chat.v2.", parameterName);
            }
        }
    }
}
