using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Mask keys from the system's strong source, fetched some at a time and each used once (RFC 6455, 5.3).</summary>
internal sealed class StrongMaskKeys : IMaskKeys
{
    private const int KeysAtOnce = 64;

    [ThreadStatic]
    private static uint[]? t_keys;

    [ThreadStatic]
    private static int t_left;

    private StrongMaskKeys()
    {
    }

    internal static StrongMaskKeys Instance { get; } = new();

    public uint Next()
    {
        uint[] keys = t_keys ??= new uint[KeysAtOnce];
        if (t_left == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(keys.AsSpan()));
            t_left = KeysAtOnce;
        }
        return keys[--t_left];
    }
}
