using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sluice.Protocol;

// Literals and matches. A symbol with all that belongs to it has at most 48 bits, so it is taken whole from the bit buffer or not at
// all, and no state lies between its parts.
public sealed partial class Inflater
{
    // What the fast loop needs at hand: two fillings of the bit buffer.
    private const int FastInputBytes = 2 * sizeof(ulong);

    // What one round of it puts out at most: a literal and the longest match.
    private const int FastOutputBytes = 1 + DeflateFormat.MatchBytesMax;

    private DecodeTable _literals = DecodeTable.FixedLiterals;
    private DecodeTable _distances = DecodeTable.FixedDistances;
    private int _distance; // of the match that is being copied

    private bool TakeSymbols(ref BitReader reader)
    {
        while (_state == State.Symbols)
        {
            if (reader.Input.Length - reader.At >= FastInputBytes && _stepEnd - _at >= FastOutputBytes)
            {
                DecodeEntry last = TakeManySymbols(ref reader);
                if (last.IsSpecial)
                {
                    reader.Drop(last.Bits);
                    EndBlockOrBreak(last, ref reader);
                }
            }
            else if (_at == _stepEnd || !TakeSymbol(ref reader))
            {
                return false;
            }
        }
        return true;
    }

    private bool TakeSymbol(ref BitReader reader)
    {
        reader.Fill();
        ulong bits = reader.Bits;
        DecodeEntry entry = _literals.Find(bits, out int needed);
        int length = entry.Value + entry.Extra(bits >> needed);
        needed += entry.Bits;
        if (needed > reader.Count)
        {
            return false;
        }
        if (entry.IsLiteral)
        {
            _buffer[_at++] = (byte)entry.Value;
            reader.Drop(needed);
            return true;
        }
        if (entry.IsSpecial)
        {
            reader.Drop(needed);
            return EndBlockOrBreak(entry, ref reader);
        }
        bits >>= needed;
        entry = _distances.Find(bits, out int prefixBits);
        int distance = entry.Value + entry.Extra(bits >> prefixBits);
        needed += prefixBits + entry.Bits;
        if (needed > reader.Count)
        {
            return false;
        }
        reader.Drop(needed);
        if (entry.IsInvalid || distance > Math.Min(_at, _distanceMax))
        {
            return Break();
        }
        _distance = distance;
        _left = length;
        _state = State.Match;
        return true;
    }

    private bool EndBlockOrBreak(DecodeEntry entry, ref BitReader reader)
    {
        if (entry.IsInvalid)
        {
            return Break();
        }
        EndBlock(ref reader);
        return true;
    }

    private bool CopyMatch()
    {
        int count = Math.Min(_left, _stepEnd - _at);
        Copy(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_buffer), _at), _distance, count);
        _at += count;
        _left -= count;
        if (_left > 0)
        {
            return false;
        }
        _state = State.Symbols;
        return true;
    }

    // Until the block ends, or input or room run short. Works in locals, which stay in registers; the tables and the two
    // conditions of the loop keep every reference inside its array. Returns the entry that ended it, not taken, or an ordinary one.
    private DecodeEntry TakeManySymbols(ref BitReader reader)
    {
        ref byte input = ref MemoryMarshal.GetReference(reader.Input);
        ref byte buffer = ref MemoryMarshal.GetArrayDataReference(_buffer);
        ref DecodeEntry literals = ref _literals.First;
        ref DecodeEntry distances = ref _distances.First;
        (ulong literalMask, ulong distanceMask, int distanceMax) = (_literals.PrimaryMask, _distances.PrimaryMask, _distanceMax);
        (int inputEnd, int outputEnd) = (reader.Input.Length - FastInputBytes, _stepEnd - FastOutputBytes);
        (int from, int at, ulong bits, int count) = (reader.At, _at, reader.Bits, reader.Count);
        DecodeEntry entry = default;
        while (from <= inputEnd && at <= outputEnd)
        {
            Refill(ref input, ref from, ref bits, ref count);
            entry = Unsafe.Add(ref literals, (nint)(bits & literalMask));
            if (entry.IsLiteral)
            {
                Put(entry, ref buffer, ref at, ref bits, ref count);
                entry = Unsafe.Add(ref literals, (nint)(bits & literalMask));
                if (entry.IsLiteral)
                {
                    Put(entry, ref buffer, ref at, ref bits, ref count);
                    continue;
                }
            }
            if (entry.IsSpecial)
            {
                Follow(ref entry, ref literals, ref bits, ref count);
                if (entry.IsLiteral)
                {
                    Put(entry, ref buffer, ref at, ref bits, ref count);
                    continue;
                }
                if (entry.IsSpecial)
                {
                    break;
                }
            }
            int length = Take(entry, ref bits, ref count);
            Refill(ref input, ref from, ref bits, ref count);
            int distance = TakeDistance(ref distances, distanceMask, ref bits, ref count);
            if (distance > Math.Min(at, distanceMax))
            {
                entry = DecodeEntry.Invalid;
                break;
            }
            Copy(ref Unsafe.Add(ref buffer, at), distance, length);
            at += length;
        }
        _at = at;
        (reader.At, reader.Bits, reader.Count) = (from, bits & ((1UL << count) - 1), count);
        return entry;
    }

    // To 56 bits or more. What lies above the count is what will come there, and is put there once more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Refill(ref byte input, ref int from, ref ulong bits, ref int count)
    {
        ulong next = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref input, from));
        bits |= (BitConverter.IsLittleEndian ? next : BinaryPrimitives.ReverseEndianness(next)) << count;
        from += (63 - count) >> 3;
        count |= 56;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(DecodeEntry literal, ref byte buffer, ref int at, ref ulong bits, ref int count)
    {
        Unsafe.Add(ref buffer, at++) = (byte)literal.Value;
        bits >>= literal.Bits;
        count -= literal.Bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Take(DecodeEntry entry, ref ulong bits, ref int count)
    {
        int value = entry.Value + entry.Extra(bits);
        bits >>= entry.Bits;
        count -= entry.Bits;
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Follow(ref DecodeEntry entry, ref DecodeEntry table, ref ulong bits, ref int count)
    {
        if (entry.IsPointer)
        {
            bits >>= entry.Bits;
            count -= entry.Bits;
            entry = Unsafe.Add(ref table, entry.Value + (nint)(bits & ((1UL << entry.IndexBits) - 1)));
        }
    }

    // Beyond every window where the bits mean nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int TakeDistance(ref DecodeEntry distances, ulong mask, ref ulong bits, ref int count)
    {
        DecodeEntry entry = Unsafe.Add(ref distances, (nint)(bits & mask));
        Follow(ref entry, ref distances, ref bits, ref count);
        int distance = Take(entry, ref bits, ref count);
        return entry.IsInvalid ? int.MaxValue : distance;
    }

    // In words where source and target allow; what is written beyond the length is written again, or never read.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte target, int distance, int length)
    {
        ref byte source = ref Unsafe.Subtract(ref target, distance);
        if (distance >= Vector128<byte>.Count)
        {
            Vector128.LoadUnsafe(ref source).StoreUnsafe(ref target);
            Vector128.LoadUnsafe(ref source, (nuint)Vector128<byte>.Count).StoreUnsafe(ref target, (nuint)Vector128<byte>.Count);
            for (int i = 2 * Vector128<byte>.Count; i < length; i += Vector128<byte>.Count)
            {
                Vector128.LoadUnsafe(ref source, (nuint)i).StoreUnsafe(ref target, (nuint)i);
            }
        }
        else if (distance == 1)
        {
            Unsafe.InitBlockUnaligned(ref target, source, (uint)length);
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                Unsafe.Add(ref target, i) = Unsafe.Add(ref source, i);
            }
        }
    }
}
