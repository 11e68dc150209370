using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Protocol;

/// <summary>The mask of RFC 6455, 5.3: byte i of the payload is XORed with byte i mod 4 of the key.</summary>
/// <remarks>A key is a number whose lowest byte comes first, on every machine.</remarks>
public static class Masking
{
    /// <summary>Masks or unmasks in place.</summary>
    /// <param name="bytes">The payload, or its next part.</param>
    /// <param name="key">The key as it applies to the first of <paramref name="bytes"/>.</param>
    public static void Apply(Span<byte> bytes, uint key)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        nuint length = (uint)bytes.Length;
        if (!BitConverter.IsLittleEndian || length < sizeof(ulong))
        {
            ApplyBytewise(bytes, key);
        }
        else if (length < (uint)Vector128<byte>.Count)
        {
            ApplyOverlapped(ref start, length, key | ((ulong)key << 32));
        }
        else if (length < (uint)Vector256<byte>.Count || !Vector256.IsHardwareAccelerated)
        {
            ApplyVector128(ref start, length, key);
        }
        else
        {
            ApplyVector256(ref start, length, key);
        }
    }

    /// <summary>The key for what follows <paramref name="count"/> bytes.</summary>
    public static uint Advance(uint key, int count) => BitOperations.RotateRight(key, (count & 3) * 8);

    private static void ApplyBytewise(Span<byte> bytes, uint key)
    {
        foreach (ref byte b in bytes)
        {
            b ^= (byte)key;
            key = Advance(key, 1);
        }
    }

    // The last word overlaps what precedes it. Both are loaded before either is stored, so that no byte is XORed twice.
    private static void ApplyOverlapped(ref byte start, nuint length, ulong key)
    {
        nuint last = length - sizeof(ulong);
        ulong head = Unsafe.ReadUnaligned<ulong>(ref start) ^ key;
        ulong tail = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, last)) ^ BitOperations.RotateRight(key, (int)(last & 3) * 8);
        Unsafe.WriteUnaligned(ref start, head);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref start, last), tail);
    }

    private static void ApplyVector128(ref byte start, nuint length, uint key)
    {
        nuint last = length - (nuint)Vector128<byte>.Count;
        Vector128<byte> mask = Vector128.Create(key).AsByte();
        Vector128<byte> tail = Vector128.LoadUnsafe(ref start, last) ^ Vector128.Create(Advance(key, (int)(last & 3))).AsByte();
        for (nuint at = 0; at < last; at += (nuint)Vector128<byte>.Count)
        {
            (Vector128.LoadUnsafe(ref start, at) ^ mask).StoreUnsafe(ref start, at);
        }
        tail.StoreUnsafe(ref start, last);
    }

    private static void ApplyVector256(ref byte start, nuint length, uint key)
    {
        nuint last = length - (nuint)Vector256<byte>.Count;
        Vector256<byte> mask = Vector256.Create(key).AsByte();
        Vector256<byte> tail = Vector256.LoadUnsafe(ref start, last) ^ Vector256.Create(Advance(key, (int)(last & 3))).AsByte();
        for (nuint at = 0; at < last; at += (nuint)Vector256<byte>.Count)
        {
            (Vector256.LoadUnsafe(ref start, at) ^ mask).StoreUnsafe(ref start, at);
        }
        tail.StoreUnsafe(ref start, last);
    }
}
