using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sluice.Protocol;

namespace Sluice.WebSockets;

/// <summary>Mask keys from the system's strong source, fetched some at a time and each used once (RFC 6455, 5.3).</summary>
internal sealed class StrongMaskKeys : IMaskKeys
{
    private const int KeysAtOnce = 64;

    [ThreadStatic]
    private static uint[]? _keys;

    [ThreadStatic]
    private static int _left;

    private StrongMaskKeys()
    {
    }

    internal static StrongMaskKeys Instance { get; } = new();

    public uint Next()
    {
        uint[] keys = _keys ??= new uint[KeysAtOnce];
        if (_left == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(keys.AsSpan()));
            _left = KeysAtOnce;
        }
        return keys[--_left];
    }
}
